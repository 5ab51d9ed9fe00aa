import ArgumentParser
import Panels

/// A panel, and where its parts lie.
struct PanelOptions: ParsableArguments {
  @Argument(help: "Panels: HDF5 files, or folders of them.")
  var panel: [String]
  @Option(help: "The dataset of the outcomes [units, periods] or [units, periods, metrics].")
  var y: String = PanelDatasetNames().outcome
  @Option(help: "The dataset of the names of units.")
  var id: String = PanelDatasetNames().identifier
  @OptionGroup var parts: PanelDatasetOptions

  var names: PanelDatasetNames { parts.names(outcome: y, identifier: id) }
}
