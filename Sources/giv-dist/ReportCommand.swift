import ArgumentParser
import Communication
import Pages

/// `giv-dist report`: a page that tells of runs.
struct WriteReport: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write one HTML file that tells what runs found, with figures, the verdict first.",
    discussion: """
      Reads the folders of runs and nothing else of the data but the manifests of their shards. The file needs no other \
      and no network. Beside it, figures/ holds each figure as SVG and PDF with its data (TSV) and the script that draws \
      it again (gnuplot FILE.gp). Without gnuplot the report has the tables alone.

        giv-dist report run --out report.html
        giv-dist report run effect --out report.html
      """)

  @Argument(help: "Folders that train, sweep, effect, spo, si, idgen effect, idgen fit or reproduce wrote.")
  var runs: [String]
  @Option(help: "The HTML file; figures/ is made beside it.")
  var out: String
  @Flag(help: "Replace a report and its figures that are there.")
  var force = false
  @OptionGroup var job: JobOptions

  func run(on communicator: any Communicator) throws {
    try communicator.agree {
      guard communicator.isRoot else { return }
      try RunPage(runs).write(to: out, force: force)
      print("wrote \(out)")
    }
  }
}
