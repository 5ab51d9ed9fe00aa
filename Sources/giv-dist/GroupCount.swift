import ArgumentParser

/// The number of groups as it is asked for.
enum GroupCount: Equatable {
  case number(Int)
  /// The one of lowest BIC, or MMD with --paper.
  case auto

  init(_ text: String) throws {
    if text == "auto" {
      self = .auto
    } else if let number = Int(text) {
      self = .number(number)
    } else {
      throw ValidationError("give a number or 'auto'; giv-dist sweep takes ranges and lists")
    }
  }

  var number: Int? { if case .number(let number) = self { number } else { nil } }
}
