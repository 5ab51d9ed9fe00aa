import ArgumentParser

/// Options that come from a file; ``Invocation`` puts them before the parser.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    help: """
      A YAML file of options by their names, without dashes: 'groups: 3', 'stream: true', 'shards: [a.h5, b.h5]'; under \
      the headings data, fit, effect and run, or none. The command line wins: --no-stream takes back what the file says.
      """)
  var config: String?
  @Flag(help: "Print all options with their values as such a file, and stop.")
  var printConfig = false
}
