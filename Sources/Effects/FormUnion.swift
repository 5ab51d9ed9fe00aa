/// The functions of several forms side by side, each once: polynomials of the highest degree with the interactions, and
/// each spline.
struct FormUnion: Sendable {
  /// In the order of their columns.
  let parts: [OutcomeFunctions]
  private let highestDegree: Int

  /// - Parameter functions: those of a form.
  init(_ forms: [OutcomeForm], functions: (OutcomeForm) -> OutcomeFunctions) {
    var splines: [OutcomeForm.Curve] = []
    var highestDegree = 1
    for form in forms {
      switch form.curve {
      case .polynomial(let degree): highestDegree = max(highestDegree, degree)
      case .spline: if !splines.contains(form.curve) { splines.append(form.curve) }
      }
    }
    self.highestDegree = highestDegree
    let polynomial = OutcomeForm(
      .polynomial(degree: highestDegree), hasInteractions: forms.contains(where: \.hasInteractions))
    parts = [functions(polynomial)] + splines.map { functions(OutcomeForm($0)) }
  }

  /// Where the functions of one of the forms lie.
  func places(of form: OutcomeForm) -> [Int] {
    let interactions = form.hasInteractions ? Array(highestDegree..<parts[0].count) : []
    switch form.curve {
    case .polynomial(let degree): return Array(0..<degree) + interactions
    case .spline:
      let index = parts.firstIndex { $0.form.curve == form.curve }!
      let start = parts[..<index].reduce(0) { $0 + $1.count }
      return Array(start..<start + parts[index].count) + interactions
    }
  }
}
