import ArgumentParser
import Panels

/// Where the parts of a panel lie that shards have not.
struct PanelDatasetOptions: ParsableArguments {
  @Option(help: "Of a panel, the dataset of the arm of each unit. (default: arm)")
  var arm: String?
  @Option(help: "Of a panel, the dataset of the place of each unit's first period under its arm. (default: start)")
  var start: String?
  @Option(help: "Of a panel, the dataset of the labels of periods. (default: the attribute periods, or time)")
  var time: String?

  /// Whether one of them was given.
  var isGiven: Bool { arm != nil || start != nil || time != nil }

  func names(outcome: String, identifier: String) -> PanelDatasetNames {
    var names = PanelDatasetNames()
    names.outcome = outcome
    names.identifier = identifier
    names.arm = arm ?? names.arm
    names.start = start ?? names.start
    names.time = time ?? names.time
    return names
  }
}
