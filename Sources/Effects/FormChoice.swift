import InstrumentalVariables
import LinearAlgebra

/// How well an outcome form agrees with all instruments at once.
public struct FormCriterion: Sendable, Codable, Equatable {
  public let form: OutcomeForm
  /// Hansen's J of the form with the rich instruments; nil when these do not identify it.
  public let hansenJ: Double?
  /// L - q.
  public let degreesOfFreedom: Int
  /// J - (L - q) ln n.
  public let criterion: Double?
}

/// The choice of an outcome form by MMSC-BIC: the least J - (L - q) ln n, with J of two-step GMM, a robust weight and the
/// same instruments for all (Andrews and Lu 2001, "Consistent model and moment selection procedures for GMM estimation").
struct FormChoice: Sendable {
  let criteria: [FormCriterion]

  /// The best form; nil when the instruments identify none.
  var best: OutcomeForm? { ranked.first?.form }

  /// The forms that have a criterion, the best first; of equal ones the simpler.
  var ranked: [FormCriterion] {
    criteria.enumerated().filter { $0.element.criterion != nil }
      .sorted { ($0.element.criterion!, $0.offset) < ($1.element.criterion!, $1.offset) }.map(\.element)
  }

  /// Three passes for all forms. Collective.
  init(_ design: EffectDesign) throws {
    let forms = design.candidates
    let union = FormUnion(forms, functions: design.functions)
    let instruments = InstrumentSet.rich(design.functions(OutcomeForm(.spline(interiorKnots: 8))))
    let source = design.rows(union.parts, instruments)
    let models = forms.map(union.places)
    let comparison = try OveridentificationComparison(source, models: models)
    criteria = forms.indices.map { index in
      guard case .success(let test) = comparison.tests[index] else {
        return FormCriterion(
          form: forms[index], hansenJ: nil, degreesOfFreedom: source.names.instruments.count - models[index].count,
          criterion: nil)
      }
      // As many instruments as functions agree with any form.
      let (j, df) = (test?.statistic ?? 0, test?.degreesOfFreedom ?? 0)
      return FormCriterion(
        form: forms[index], hansenJ: j, degreesOfFreedom: df,
        criterion: j - Double(df) * Elementary.log(comparison.rowCount))
    }
  }
}
