import Foundation
import TestSupport
import Testing

/// A run of every command that has pages.
private let commands = [
  "train shards --groups auto --max-groups 3 --starts 4 --out train",
  "effect shards --instrument true --method ols,liml,poly2sls --outcome-basis quadratic --out effect",
  "sweep shards --groups 2,3 --starts 4 --representation identity --out sweep",
  "si panel --pre 1:30 --post 34:36 --targets all --placebo-space --placebo-time 20 --event-study --out si",
  "spo proxies --treatment-proxies z --outcome-proxies x --out spo",
  "idgen effect visits --graph graph.txt --do smoker --outcome cancer --out idgen",
  "reproduce table2 --replications 1 --only linear,EM --out reproduce",
]

/// `giv-dist report` on runs of every command that has pages.
extension OnRanks {
  @Suite(
    .inputs { folder in
      for arguments in [
        "--rows 1500 --shards 2 --out shards",
        "--scenario proxies --law three-class --rows 4000 --seed 4 --out proxies",
        "--scenario panel --units 40 --pre-periods 30 --post-periods 6 --cohorts 2 --seed 4 --out panel",
      ] { try simulate(arguments, in: folder) }
      try Data("smoker -> tar -> cancer; smoker <-> cancer".utf8).write(to: folder.appending(path: "graph.txt"))
      try script(
        """
        random = np.random.default_rng(2)
        u, e = random.random((2, 3000)) < .5, random.random((3, 3000))
        smoker = e[0] < np.where(u[0], .8, .2)
        tar = e[1] < np.where(smoker, .9, .1)
        cancer = e[2] < .2 + .3 * tar + .3 * u[0]
        with open('visits.csv', 'w') as file:
            print('smoker,tar,cancer', file=file)
            for row in zip(smoker, tar, cancer): print(*map(int, row), sep=',', file=file)
        """, in: folder)
      for command in ["shard visits.csv --treatment smoker --outcome cancer --covariates tar --out visits"] + commands {
        let result = try givDist(command.split(separator: " ").map(String.init), in: folder)
        try #require(result.exitCode == 0, "\(command): \(result.error)")
      }
    }) struct ReportCommandTests
  {
    private static let runs = ["train", "effect", "sweep", "si", "spo", "idgen", "reproduce"]

    /// Makes a report in a new folder, and gives the folder and the page.
    private func report(_ runs: [String], environment: [String: String?] = [:]) throws -> (folder: URL, page: String) {
      let folder = SharedInputs.folder.appending(path: UUID().uuidString)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let out = folder.appending(path: "report.html")
      let result = try run(
        tool("giv-dist"), ["report"] + runs + ["--out", out.path], environment: environment,
        directory: SharedInputs.folder)
      try #require(result.exitCode == 0, "\(result.error)")
      return (folder, try String(contentsOf: out, encoding: .utf8))
    }

    /// All numbers of JSON, to the last bit.
    private func numbers(_ json: String) -> Set<Double> {
      Set(json.matches(of: /[:\[,](-?[0-9][0-9.eE+-]*)/).compactMap { Double($0.1) })
    }

    @Test(arguments: runs) func `every number in a table is one of the run's`(run: String) throws {
      let page = try report([run]).page
      let file = SharedInputs.folder.appending(path: "\(run)/report.json")
      let known = numbers(try String(contentsOf: file, encoding: .utf8))
      var shown = 0
      for table in page.matches(of: /(?s)<table data-source="report.json">.*?<\/table>/) {
        for cell in table.0.matches(of: /<td><data value="([^"]*)">/) {
          let value = try #require(Double(String(cell.1)))
          let isKnown = known.contains(value)
          #expect(isKnown, "\(value) in \(table.0.prefix(200))")
          shown += 1
        }
      }
      #expect(shown >= 2, "\(shown) numbers")
      #expect(page.utf8.count < 2_000_000)
    }

    @Test(arguments: [("train", 6), ("effect", 5), ("sweep", 1), ("si", 6), ("spo", 4), ("idgen", 2)])
    func `figures have captions, texts for who does not see them, and files to draw them again`(
      run: String, least: Int
    ) throws {
      let (folder, page) = try report([run])
      let figures = page.matches(of: /(?s)<figure id="([^"]+)">.*?<\/figure>/)
      #expect(figures.count >= least && !page.contains("No picture"), "\(figures.count) figures")
      for figure in figures {
        let text = String(figure.0)
        #expect(text.contains(/role="img" aria-label="[^"]{20,}"/) && text.contains(/<figcaption>[^<]{15,}/))
        #expect(text.contains("<svg") && text.contains("</svg>"))
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "figures").path)
      let expected = figures.flatMap { figure in ["gp", "pdf", "svg", "tsv"].map { "\(figure.1).\($0)" } }
      #expect(names.sorted() == expected.sorted())
      let marks = page.matches(of: /\bid=["']([^"']+)["']/).map { String($0.1) }
      #expect(Set(marks).count == marks.count, "names that several pictures have")
    }

    @Test func `a script draws its picture again from the data beside it`() throws {
      let folder = try report(["effect"]).folder.appending(path: "figures")
      let picture = folder.appending(path: "effect-ladder.svg")
      let before = try Data(contentsOf: picture)
      try FileManager.default.removeItem(at: picture)
      let drawn = try TestSupport.run("gnuplot", ["effect-ladder.gp"], directory: folder)
      #expect(try drawn.exitCode == 0 && Data(contentsOf: picture) == before)
    }

    @Test func `without gnuplot the report has the tables and says how to get pictures`() throws {
      let page = try report(["effect", "train"], environment: ["PATH": "/nowhere"]).page
      #expect(page.contains("apt-get install gnuplot-nox") && !page.contains("<figure") && page.contains("<table"))
    }

    @Test func `a browser shows a report of all runs without a complaint`() throws {
      let (folder, page) = try report(Self.runs)
      let shown = try Browser(folder).show("report.html")
      #expect(shown.complaints.isEmpty, "\(shown.complaints)")
      #expect(shown.document.matches(of: /<figure/).count == page.matches(of: /<figure/).count)
      #expect(shown.picture.count > 50_000)
      // What the browser would complain of.
      try Data("<html><body><script>broken(</script></body></html>".utf8).write(
        to: folder.appending(path: "broken.html"))
      #expect(try !Browser(folder).show("broken.html").complaints.isEmpty)
    }
  }
}

/// A browser without a window.
private struct Browser {
  struct Shown {
    /// What it said of scripts and files that it did not find.
    let complaints: [String]
    /// The page as it was understood.
    let document: String
    /// A PNG.
    let picture: Data
  }

  private let folder: URL

  init(_ folder: URL) { self.folder = folder }

  func show(_ name: String) throws -> Shown {
    let picture = folder.appending(path: "\(name).png")
    let options = [
      "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
      "--user-data-dir=\(folder.path)/profile", "--virtual-time-budget=5000", "--window-size=1000,6000",
    ]
    let page = folder.appending(path: name).absoluteString
    let drawn = try run("chromium", options + ["--screenshot=\(picture.path)", page], timeout: 120)
    try #require(drawn.exitCode != 127, "there is no chromium on the PATH; run launch/setup.sh")
    try #require(drawn.exitCode == 0, "\(drawn.error)")
    let read = try run("chromium", options + ["--dump-dom", page], timeout: 120)
    try #require(read.exitCode == 0, "\(read.error)")
    let complaints = drawn.error.split(separator: "\n").map(String.init).filter {
      $0.contains("CONSOLE") || $0.contains("ERR_FILE_NOT_FOUND")
    }
    return Shown(complaints: complaints, document: read.output, picture: try Data(contentsOf: picture))
  }
}
