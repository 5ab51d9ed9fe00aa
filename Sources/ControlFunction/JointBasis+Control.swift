import Features
import LinearAlgebra

/// The products of ρ and t with the variables that the coefficient of V depends on, as columns of a design.
struct ControlProducts: Sendable, Codable, Equatable {
  /// Which of x_1 … x_m, t, counted from 0.
  let variables: [Int]
  /// The columns behind y: each a column of the design times a factor.
  fileprivate(set) var own: [Product] = []
  /// By variable, the columns of the design that are its products with ρ_1 … ρ_r and with t.
  fileprivate(set) var columns: [[Int]] = []

  struct Product: Sendable, Codable, Equatable {
    let column: Int
    let factor: Int
  }
}

extension JointBasis {
  /// The number of columns of the design, those behind y among them.
  var designColumnCount: Int { columnCount + (control?.own.count ?? 0) }

  /// The basis with the columns that a coefficient of V takes that depends on some of x_1 … x_m, t, counted from 0. Products
  /// that are columns already are not made again.
  func interacting(_ variables: [Int]) -> JointBasis {
    var basis = self
    guard !variables.isEmpty else {
      basis.control = nil
      return basis
    }
    var control = ControlProducts(variables: variables)
    for variable in variables {
      control.columns.append(
        (Array(0..<selectionCount) + [columnCount - 2]).map { column in
          let product = ControlProducts.Product(column: column, factor: factor(variable))
          if let present = place(of: product) { return present }
          let same = factors(of: product)
          let twin = control.own.firstIndex { $0 == product || same != nil && factors(of: $0) == same }
          if let twin { return columnCount + twin }
          control.own.append(product)
          return columnCount + control.own.count - 1
        })
    }
    basis.control = control
    return basis
  }

  /// λ = 0 on the columns of this basis; nil where there are none for it.
  var interactions: ControlInteractions? {
    control.map { ControlInteractions(products: $0.columns, ownColumnCount: $0.own.count) }
  }

  /// Writes the columns behind y; `features` begins with the column behind the constant.
  func appendControl(
    _ features: UnsafeMutablePointer<Double>, factors: UnsafePointer<Double>, rowCount: Int, stride: Int
  ) {
    for (index, product) in (control?.own ?? []).enumerated() {
      let target = features + (columnCount - 1 + index) * stride
      target.update(from: factors + product.factor * stride, count: rowCount)
      guard product.column > 0 else { continue }
      let column = features + (product.column - 1) * stride
      for row in 0..<rowCount { target[row] *= column[row] }
    }
  }

  /// The column before y that is a product already, if there is one.
  private func place(of product: ControlProducts.Product) -> Int? {
    guard let factors = factors(of: product) else { return nil }
    if factors == [treatmentFactor] { return columnCount - 2 }
    if let own = (1..<selectionCount).first(where: { self.factors(ofColumn: $0) == factors }) { return own }
    return products.firstIndex { $0.sorted() == factors }.map { selectionCount + $0 }
  }

  /// The factors whose product it is, ascending; nil for a product with a function of ρ that is no factor.
  private func factors(of product: ControlProducts.Product) -> [Int]? {
    factors(ofColumn: product.column).map { ($0 + [product.factor]).sorted() }
  }

  /// The factors of a column of ρ or of t.
  private func factors(ofColumn column: Int) -> [Int]? {
    if column == 0 { return [] }
    if column == columnCount - 2 { return [treatmentFactor] }
    return monomials?[column - 1].map(factor)
  }
}
