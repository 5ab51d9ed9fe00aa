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
  "idgen fit door --graph door.txt --do X --outcome Y --steps 20 --hidden 8 --out network",
  "idgen check --graph door.txt --do X --outcome Y --out check",
  "idgen sample network --do X=1 --rows 200 --out sample",
  "reproduce table2 --replications 1 --only linear,EM --out reproduce",
]

/// `giv-dist report` on runs of every command that has pages.
extension OnRanks {
  @Suite(
    .inputs { folder in
      for arguments in [
        "--rows 1500 --shards 2 --out shards",
        "--scenario proxies --law three-class --rows 4000 --seed 4 --out proxies",
        "--scenario mixed-front-door --rows 400 --seed 3 --out door",
        "--scenario panel --units 40 --pre-periods 30 --post-periods 6 --cohorts 2 --seed 4 --out panel",
      ] { try simulate(arguments, in: folder) }
      try Data("smoker -> tar -> cancer; smoker <-> cancer".utf8).write(to: folder.appending(path: "graph.txt"))
      try Data("X -> M -> Y; X <-> Y".utf8).write(to: folder.appending(path: "door.txt"))
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
    private static let runs = [
      "train", "effect", "sweep", "si", "spo", "idgen", "network", "check", "sample", "reproduce",
    ]

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

    @Test(arguments: [("network", "rows in the shards"), ("si", "units in the panel")])
    func `what the rows of a run are is told`(run: String, words: String) throws {
      #expect(try report([run]).page.contains(words))
    }

    @Test(arguments: runs) func `every number in a table is one of the run's`(run: String) throws {
      let page = try report([run]).page
      let file = SharedInputs.folder.appending(path: "\(run)/report.json")
      let known = numbers(ofJSON: try String(contentsOf: file, encoding: .utf8))
      let shown = try tableNumbers(ofPage: page)
      #expect(shown.filter { !known.contains($0) }.isEmpty && shown.count >= 2, "\(shown.count) numbers")
      #expect(page.utf8.count < 2_000_000)
    }

    @Test(arguments: [
      ("train", 7), ("effect", 5), ("sweep", 1), ("si", 6), ("spo", 4), ("idgen", 4), ("network", 6), ("check", 2),
    ])
    func `figures have captions, texts for who does not see them, and files to draw them again`(
      run: String, least: Int
    ) throws {
      let (folder, page) = try report([run])
      let figures = page.matches(of: /(?s)<figure id="([^"]+)" class="\w+">.*?<\/figure>/)
      #expect(figures.count >= least && !page.contains("No picture"), "\(figures.count) figures")
      for figure in figures {
        let text = String(figure.0)
        #expect(text.contains(/role="img" aria-label="[^"]{20,}"/) && text.contains(/<figcaption>[^<]{15,}/))
        #expect(text.contains("<svg") && text.contains("</svg>"))
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "figures").path)
      let expected = figures.flatMap { figure in
        (figure.0.contains("class=\"dot\"") ? ["dot", "pdf", "svg"] : ["gp", "pdf", "svg", "tsv"])
          .map { "\(figure.1).\($0)" }
      }
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

    /// Folders that are refused, each made of the run of `train` by commands of a shell.
    @Test(arguments: [
      ("nowhere", "true", 66 as Int32, "there is no nowhere; name the folder of a run"),
      ("shards", "true", 66, "shards holds no report.json; it is no folder of a run"),
      ("visits.csv", "true", 66, "visits.csv holds no report.json; it is no folder of a run"),
      ("empty", "mkdir empty", 66, "empty holds no report.json; it is no folder of a run"),
      ("silent", "cp -r train silent; rm silent/summary.txt", 66, "silent holds no summary.txt"),
      ("dumb", "cp -r train dumb; rm dumb/report.json", 66, "dumb holds no report.json"),
      ("begun", "mkdir begun; touch begun/metrics.jsonl.partial", 66, "begun holds an unfinished run; go on with it"),
      ("cut", "cp -r train cut; truncate -s 2000 cut/report.json", 65, "cut/report.json is damaged; run the command"),
      ("void", "cp -r train void; : > void/report.json", 65, "void/report.json is damaged"),
      ("odd", "cp -r train odd; echo '[3]' > odd/report.json", 65, "odd/report.json is damaged"),
      ("nameless", "cp -r train nameless; echo '{\"command\":3}' > nameless/report.json", 65, "report.json is damaged"),
      ("folders", "cp -r train folders; rm folders/report.json; mkdir folders/report.json", 66, "folders/report.json"),
    ])
    func `what is no run, or was damaged, ends in one message, and nothing is written`(
      name: String, commands: String, code: Int32, message: String
    ) throws {
      _ = try run("sh", ["-c", commands], directory: SharedInputs.folder)
      for ranks in [nil, 3] {
        let place = UUID().uuidString
        try FileManager.default.createDirectory(
          at: SharedInputs.folder.appending(path: place), withIntermediateDirectories: true)
        let result = try givDist(["report", "effect", name, "--out", "\(place)/report.html"], ranks: ranks)
        #expect(result.exitCode == code && result.output.isEmpty, "\(result.exitCode): \(result.error)")
        #expect(messages(result).count == 1 && result.error.contains(message), "\(result.error)")
        #expect(try contents(SharedInputs.folder.appending(path: place)).isEmpty)
      }
    }

    @Test func `what is beside report.json may be damaged or gone, and the page has what is left`() throws {
      _ = try run(
        "sh",
        [
          "-c",
          "cp -r train left; rm left/run.log; truncate -s -7 left/metrics.jsonl; truncate -s -9 left/sample.csv; "
            + "cp -r si gone; rm gone/paths.csv gone/metrics.jsonl",
        ], directory: SharedInputs.folder)
      let page = try report(["left", "gone"]).page
      #expect(page.contains("left: ") && page.contains("gone: ") && !page.contains("No picture"))
    }

    @Test(.enabled(if: SmallDisk.isPossible)) func `a folder that cannot be written is named`() throws {
      let result = try SmallDisk.run(
        #"mount -o remount,ro "$DISK"; "$0" report train --out "$DISK/report.html"; echo "code $?"; ls "$DISK""#,
        size: 600)
      #expect(result.output == "code 73\n", "\(result.output)")
      #expect(messages(result).count == 1 && result.error.contains("make ") && result.error.contains("writable"))
    }

    @Test(.enabled(if: SmallDisk.isPossible)) func `a full disk leaves no page`() throws {
      let result = try SmallDisk.run(
        #""$0" report train effect si --out "$DISK/report.html"; echo "code $?"; ls "$DISK""#, size: 64)
      #expect(["code 73\nfigures\n", "code 74\nfigures\n"].contains(result.output), "\(result.output)")
      #expect(messages(result).count == 1, "\(result.error)")
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
