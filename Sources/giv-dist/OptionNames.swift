/// How the options that a run keeps are written on the command line.
enum OptionNames {
  /// The option at a path in the type of a run's options.
  @Sendable static func name(_ path: String) -> String {
    // What the types of train and sweep call the configuration that they share.
    let parts = path.split(separator: ".").drop { ["configuration", "base", "cell"].contains($0) }
    if path == "cell.seed" { return "--seeds" }
    let key = parts.joined(separator: ".")
    return special[key] ?? "--" + kebab(parts.last.map(String.init) ?? path)
  }

  /// Those that are not the name of the property in other letters.
  private static let special = [
    "maximumIterations": "--max-iterations", "groupsUpTo": "--max-groups", "gaussianStart": "--start",
    "alternation.batchSize": "--batch", "names.covariates": "--x", "names.treatment": "--t", "names.outcome": "--y",
    "names.source": "--z", "names.identifier": "--id", "replicates": "--lrt",
    "replicate": "--bootstrap", "ranksPerCell": "--ranks-per-fit",
    "firstSeed": "the first of --seeds",
  ]

  /// `learningRate` as `learning-rate`.
  private static func kebab(_ name: String) -> String {
    name.map { $0.isUppercase ? "-\($0.lowercased())" : "\($0)" }.joined()
  }
}
