import ArgumentParser

/// The number of groups as it is asked for.
enum GroupCount: Equatable, ExpressibleByArgument {
  case number(Int)
  /// The one of lowest BIC, or MMD with --paper.
  case auto

  init?(argument: String) {
    if argument == "auto" {
      self = .auto
    } else if let number = Int(argument) {
      self = .number(number)
    } else {
      return nil
    }
  }

  var number: Int? { if case .number(let number) = self { number } else { nil } }
}
