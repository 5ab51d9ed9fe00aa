import ArgumentParser
import Shards

/// Shards, and where their variables lie.
struct DatasetOptions: ParsableArguments {
  @Argument(help: "Shards: HDF5 files, or folders of them.")
  var shards: [String]

  @Option(help: "The dataset of the covariates [n, m].")
  var x: String = DatasetNames().covariates
  @Option(help: "The dataset of the treatment [n].")
  var t: String = DatasetNames().treatment
  @Option(help: "The dataset of the outcome [n]; 'none', as for those that follow, leaves it out.")
  var y: String = DatasetNames().outcome
  @Option(help: "The dataset of the true source [n], integers; it is used in scores only.")
  var z: String = DatasetNames().source
  @Option(
    help:
      "The dataset of row weights [n]; naming one uses it, and a shard's own 'weight' is used with --use-weights or --weights."
  )
  var weight: String = DatasetNames().weight
  @Option(help: "The dataset of row identifiers [n], kept with the posteriors.")
  var id: String = DatasetNames().identifier

  var names: DatasetNames {
    var names = DatasetNames()
    names.covariates = x
    names.treatment = t
    names.outcome = y
    names.source = z
    names.weight = weight
    names.identifier = id
    return names
  }
}
