/// The variables that the coefficient of V depends on, as columns of a design.
struct ControlColumns: Sendable, Codable, Equatable {
  /// Which of x_1 … x_m, t, counted from 0.
  let variables: [Int]
  /// By variable, its column.
  let columns: [Int]
  /// Those of the variables that are columns behind y, since none before is them.
  let own: [Int]
}

extension JointBasis {
  /// The number of columns of the design, those behind y among them.
  var designColumnCount: Int { columnCount + (control?.own.count ?? 0) }

  /// The basis with the columns that a coefficient of V takes that depends on some of x_1 … x_m, t, counted from 0.
  func interacting(_ variables: [Int]) -> JointBasis {
    var basis = self
    var own: [Int] = []
    let columns = variables.map { variable in
      if let present = column(of: variable) { return present }
      own.append(variable)
      return columnCount + own.count - 1
    }
    basis.control = variables.isEmpty ? nil : ControlColumns(variables: variables, columns: columns, own: own)
    return basis
  }

  /// λ = 0 on the columns of this basis; nil where there are none for it.
  var interactions: ControlInteractions? {
    control.map { ControlInteractions(columns: $0.columns, ownColumnCount: $0.own.count) }
  }

  /// Writes the columns behind y; `features` begins with the column behind the constant.
  func appendControl(
    _ features: UnsafeMutablePointer<Double>, factors: UnsafePointer<Double>, rowCount: Int, stride: Int
  ) {
    for (index, variable) in (control?.own ?? []).enumerated() {
      (features + (columnCount - 1 + index) * stride).update(from: factors + factor(variable) * stride, count: rowCount)
    }
  }

  /// The column before y that is a variable itself, if there is one.
  private func column(of variable: Int) -> Int? {
    if variable == covariateCount { return columnCount - 2 }
    if let own = monomials?.firstIndex(of: [variable]) { return own + 1 }
    return products.firstIndex(of: [factor(variable)]).map { selectionCount + $0 }
  }
}
