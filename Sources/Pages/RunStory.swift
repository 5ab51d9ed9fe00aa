import Reports

/// What the runs of one command say, top to bottom. Each kind has a file that reads as its page does.
protocol RunStory {
  init(_ run: StoredRun)

  var run: StoredRun { get }
  /// What was done.
  var title: String { get }
  /// What was found, in plain words.
  var answer: String { get }
  /// How far to believe it.
  var verdict: [Page.Sentence] { get }
  var sections: [PageSection] { get }
}

extension RunStory {
  var numbers: JSONNode { run.numbers }

  /// The first line that the terminal showed.
  var title: String { run.summary.split(separator: "\n").first.map(String.init) ?? run.command }

  var verdict: [Page.Sentence] {
    let quiet = Page.Sentence(text: "The checks that were made found no reason to doubt.", isDoubt: false)
    return findings.isEmpty ? [quiet] : findings
  }

  /// The findings in words, those that are reasons to doubt first.
  var findings: [Page.Sentence] {
    let doubts = numbers["warnings"].texts
    let notes = numbers["events"].texts.filter { !doubts.contains($0) }
    return doubts.map { Page.Sentence(text: $0, isDoubt: true) } + notes.map { Page.Sentence(text: $0, isDoubt: false) }
  }
}

/// A run of a command that has no page of its own: what its terminal showed.
struct OtherStory: RunStory {
  let run: StoredRun

  init(_ run: StoredRun) { self.run = run }

  var answer: String { "A run of \(run.command)." }
  var sections: [PageSection] { [] }
}

extension StoredRun {
  /// The last part of its path.
  var shortName: String { path.split(separator: "/").last.map(String.init) ?? path }
}
