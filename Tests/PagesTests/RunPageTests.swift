import Diagnostics
import Foundation
import Pages
import Reports
import TestSupport
import Testing

/// Pages of folders that hold what runs wrote, without a picture: where gnuplot is looked for there is none.
@Suite struct RunPageTests {
  private let scratch: ScratchFolder

  init() throws {
    scratch = try ScratchFolder()
  }

  /// Writes the folder of a run.
  private func run(_ name: String, numbers: String, log: String? = nil) throws -> String {
    let folder = scratch.file(name)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try numbers.write(toFile: "\(folder)/report.json", atomically: true, encoding: .utf8)
    try "a <run>\n".write(toFile: "\(folder)/summary.txt", atomically: true, encoding: .utf8)
    if let log { try log.write(toFile: "\(folder)/run.log", atomically: true, encoding: .utf8) }
    return folder
  }

  private func page(_ runs: [String], force: Bool = false) throws -> String {
    let path = scratch.file("report.html")
    try RunPage(runs, searchPath: scratch.path).write(to: path, force: force)
    return try String(contentsOfFile: path, encoding: .utf8)
  }

  private static let train = """
    {"command":"train","rows":12,"groups":2,"balance":{"<b>":0.25,"age & sex":0.5},"warnings":["doubt <1>"],
    "events":["doubt <1>","note"],"components":[{"group":0,"rows":7,"share":0.5833333333333334,
    "coefficients":{"(constant)":-1e-300}}]}
    """

  @Test func `names of the data are escaped, and tables hold whole numbers`() throws {
    let text = try page([run("first", numbers: Self.train)])
    #expect(text.contains("&lt;b&gt;") && text.contains("age &amp; sex") && text.contains("doubt &lt;1&gt;"))
    #expect(!text.contains("<b>") && text.contains("<h1>a &lt;run&gt;</h1>"))
    #expect(text.contains(#"<data value="0.5833333333333334">0.58333</data>"#))
    #expect(text.contains(#"<data value="-1e-300">"#))
    #expect(text.components(separatedBy: "class=\"doubt\"").count == 2)
  }

  @Test func `without gnuplot the page says how to get it, holds the tables, and the data lie beside`() throws {
    let text = try page([run("first", numbers: Self.train)])
    #expect(text.contains("apt-get install gnuplot-nox") && !text.contains("<figure") && text.contains("<table"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: scratch.file("figures")).sorted() == [
        "first-balance.gp", "first-balance.tsv",
      ])
    let data = try String(contentsOfFile: scratch.file("figures/first-balance.tsv"), encoding: .utf8)
    #expect(data == "covariate\tdifference\nage & sex\t0.5\n<b>\t0.25\n")
  }

  @Test func `a run of a command without a page of its own shows what the terminal showed`() throws {
    #expect(try page([run("other", numbers: #"{"command":"later"}"#)]).contains("a &lt;run&gt;\n</pre>"))
  }

  @Test func `runs that lack everything but their command have a page`() throws {
    for command in [
      "train", "sweep", "effect", "si", "spo", "idgen effect", "idgen fit", "idgen check", "idgen sample", "reproduce",
    ] {
      let text = try page([run(command, numbers: "{\"command\":\"\(command)\"}")], force: true)
      #expect(text.contains("<h2>Verdict</h2>") && !text.contains("<figure"), "\(command)")
    }
  }

  @Test func `runs of several commands follow one another, and those of one stand side by side too`() throws {
    let runs = try [
      run("first", numbers: Self.train), run("second", numbers: Self.train),
      run("other", numbers: #"{"command":"spo"}"#),
    ]
    let text = try page(runs)
    #expect(text.contains("<h1>3 runs</h1>") && text.contains("Side by side") && text.contains("Runs of train"))
    #expect(!text.contains("Runs of spo"))
    for number in 1...3 {
      #expect(text.contains("<article id=\"run-\(number)\">") && text.contains("href=\"#run-\(number)\""))
    }
  }

  @Test func `a graph is drawn from a text that holds any names, with what stands in the way of an answer`() throws {
    let numbers = #"""
      {"command":"idgen check","identified":false,"query":{"do":["a\"\\n&b"],"outcome":["Y"],"given":["Z"]},
      "graph":{"variables":["a\"\\n&b","Y","Z"],"arrows":[["a\"\\n&b","Y"]],"confounded":[["a\"\\n&b","Y"],["Y","Z"]]},
      "hedge":{"f":["a\"\\n&b","Y"],"fPrime":["Y"],"roots":["Y"]},"wouldIdentify":[["a\"\\n&b","Y"]]}
      """#
    let text = try page([run("refused", numbers: numbers)])
    #expect(text.contains("There would be an answer without a&quot;\\n&amp;b &lt;-&gt; Y."))
    #expect(text.contains("apt-get install graphviz") && !text.contains("gnuplot"))
    let graph = try String(contentsOfFile: scratch.file("figures/refused-graph.dot"), encoding: .utf8)
    #expect(
      graph.contains(
        #"""
          v0 [label="a\"\\n&amp;b", shape=box, color="#D55E00", fillcolor="#F9E0D1", penwidth=3];
          v1 [label="Y", color="#0072B2", fillcolor="#D3E7F3", penwidth=2, penwidth=3, peripheries=2];
          v2 [label="Z", color="#009E73", fillcolor="#D5F0E7", style="filled,dashed"];
          v0 -> v1;
          v0 -> v1 [dir=both, style=dashed, constraint=false, color="#D55E00", penwidth=3];
          v1 -> v2 [dir=both, style=dashed, constraint=false, color="#666666"];
        """#), "\(graph)")
  }

  @Test func `models that answer are drawn by what they are given, and those of generated rows apart`() throws {
    let numbers = """
      {"command":"idgen fit","identification":{"identified":true,"query":{"do":["X"],"outcome":["Y"],"given":[]},
      "graph":{"variables":["X","M","Y"],"arrows":[["X","M"],["M","Y"]],"confounded":[["X","Y"]]},"generated":[],
      "plan":[{"variable":"M","parents":["X"],"table":0},{"variable":"Y","parents":["M"],"table":1}]}}
      """
    let text = try page([run("first", numbers: numbers)])
    #expect(text.contains("No picture: dot is not here. The graph.") && !text.contains("the hedge"))
    let models = try String(contentsOfFile: scratch.file("figures/first-models.dot"), encoding: .utf8)
    #expect(models.contains("v2 -> v0;\n  v0 -> v1 [style=bold, color=\"#CC79A7\"];\n}"), "\(models)")
  }

  @Test func `a sample shows its images, in the page itself`() throws {
    let folder = try run(
      "drawn", numbers: #"{"command":"idgen sample","rows":64,"do":{"X":"1"},"variables":["Y"],"rareShare":0}"#)
    try Data([137, 80, 78, 71]).write(to: URL(filePath: "\(folder)/sheet.png"))
    let text = try page([folder])
    #expect(text.contains(#"<img src="data:image/png;base64,iVBORw==" alt="Images of the first rows"#))
    #expect(text.contains("64 rows of Y under do(X = 1)."))
  }

  @Test func `the log tells the command and where it was given`() throws {
    let log = """
      2026-01-01T00:00:00Z began: giv-dist train 'my shards' 'it'\\''s' --out ''
        in /data/of us
        1 rank: 1 on host
      2026-01-01T00:00:01Z ended with exit code 75: stopped, after 1.0 s
      2026-01-01T00:00:02Z resumed after pass 3: giv-dist train other
        in /else
      """
    let history = RunHistory(try StoredRun(run("logged", numbers: Self.train, log: log)))
    #expect(history.command == ["giv-dist", "train", "my shards", "it's", "--out", ""])
    #expect(history.folder == "/data/of us")
  }

  @Test func `rows are told by the manifest of the shards that the command names`() throws {
    let shards = scratch.file("my shards")
    try FileManager.default.createDirectory(atPath: shards, withIntermediateDirectories: true)
    try """
    {"rows":9,"treatment":"t","imported":{"missingValues":{"rowsRead":11,"rowsKept":9,"rowsDropped":2,"missing":{"age":3},
    "means":{"age":40.5}},"inputs":[{"path":"a.csv","sha256":"ab"}]},
    "shards":[{"rows":4,"institution":"North"},{"rows":3,"institution":"South"},{"rows":2,"institution":"North"}]}
    """.write(toFile: "\(shards)/manifest.json", atomically: true, encoding: .utf8)
    let log = "T began: giv-dist train 'my shards' --out run\n  in \(scratch.path)\n"
    let text = try page([run("logged", numbers: Self.train, log: log)])
    for shown in ["rows read", "missing in age, filled by the mean", "North", "a.csv"] { #expect(text.contains(shown)) }
    for value in [11, 9, 2, 3, 6] { #expect(text.contains("<data value=\"\(value)\">\(value)</data>"), "\(value)") }
  }

  @Test func `what each start reached is drawn and told, and one start is not`() throws {
    let reached = #"{"start":4,"below":0},{"start":31,"below":0.25},{"start":7,"below":12.5}"#
    func train(_ reached: String) -> String { #"{"command":"train","starts":{"starts":20,"reached":[\#(reached)]}}"# }
    let text = try page([run("first", numbers: train(reached))])
    #expect(text.contains("Starts carried on, best first") && text.contains(#"<data value="12.5">12.5</data>"#))
    let data = try String(contentsOfFile: scratch.file("figures/first-starts.tsv"), encoding: .utf8)
    #expect(data == "name\tvalue\nstart 4\t0.0\nstart 31\t-0.25\nstart 7\t-12.5\n")
    let single = try page([run("single", numbers: train(#"{"start":4,"below":0}"#))], force: true)
    #expect(!single.contains("Starts carried on"))
  }

  @Test func `tests have names, and a p-value of nothing is below what is shown`() throws {
    let numbers = #"""
      {"command":"effect","kleibergenPaap":{"p":0},"sets":{"lm":[[-1,0],[2,null]]},
      "tests":{"hansenJ":{"statistic":5.5,"df":[6],"p":0.25},"later":{"statistic":1.5,"df":[2],"p":0.5}}}
      """#
    let text = try page([run("first", numbers: numbers)])
    #expect(text.contains("instruments agree (Hansen J)") && text.contains(">later<"))
    #expect(text.contains(#"<data value="0.0">&lt;1e-9</data>"#))
    #expect(text.contains("Lagrange multiplier, part 1 of 2") && text.contains("plus infinity"))
  }

  @Test func `long runs and many targets are shown in part, and the page says so`() throws {
    let cells = (0..<900).map {
      "{\"unit\":\"\($0)\",\"arm\":\"a\",\"metric\":\"y\",\"own\":false,\"estimate\":\($0),\"lower\":0,\"upper\":1}"
    }
    let folder = try run("panel", numbers: #"{"command":"si","cells":[\#(cells.joined(separator: ","))]}"#)
    let passes = (0..<90_000).map {
      "{\"phase\":\"phase \($0 / 15_000)\",\"pass\":\($0 % 15_000),\"seconds\":\($0),\"logLikelihood\":-\($0)}\n"
    }.joined()
    let train = try run("train", numbers: Self.train)
    try passes.write(toFile: "\(train)/metrics.jsonl", atomically: true, encoding: .utf8)
    let text = try page([folder, train])
    #expect(text.contains("The first 60 of 900; report.json holds all.") && text.contains("The first 40 of 900."))
    #expect(text.utf8.count < 100_000)
    let lines = try String(contentsOfFile: scratch.file("figures/train-log-likelihood.tsv"), encoding: .utf8)
    #expect((600...1_500).contains(lines.count { $0 == "\n" }))
  }

  @Test func `outputs that are there, and places that are not, are refused before anything is written`() throws {
    let folder = try run("first", numbers: Self.train)
    func refusal(_ path: String) -> Failure? {
      failure { try RunPage([folder], searchPath: "").write(to: path, force: false) }
    }
    #expect(refusal(scratch.file("no/report.html"))?.exitCode == .cannotCreate)
    #expect(try scratch.contents == ["first"])
    _ = try page([folder])
    #expect(refusal(scratch.file("report.html"))?.message.contains("give --force to replace it") == true)
    #expect(refusal(scratch.file("second.html"))?.message.contains("figures exists; give --force") == true)
    _ = try page([folder], force: true)
    #expect(failure { _ = try RunPage([folder, folder]) }?.exitCode == .usage)
    #expect(failure { _ = try RunPage([scratch.file("nowhere")]) }?.exitCode == .noInput)
    let damaged = try run("damaged", numbers: #"{"command":"#)
    #expect(failure { _ = try RunPage([folder, damaged]) }?.exitCode == .data)
  }
}
