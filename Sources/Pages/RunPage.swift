import Diagnostics
import Foundation
import Reports
import Storage

/// Makes the page of runs from their folders.
public struct RunPage {
  private let page: Page
  private let programs: [DrawingProgram]

  /// - Parameters:
  ///   - runs: folders of finished runs, of one command or of several; each has a part of its own.
  ///   - searchPath: where the programs that draw are looked for, folders with colons between; nil for the `PATH`.
  /// - Throws: ``Failure`` `noInput` and `data` as ``StoredRun/init(_:)``, `usage` when a folder is given twice.
  public init(_ runs: [String], searchPath: String? = nil) throws {
    for (place, run) in runs.enumerated() where runs[..<place].contains(run) {
      throw Failure(.usage, "\(run) is given twice; name each run once")
    }
    let stored = try runs.map { try StoredRun($0) }
    let folders = searchPath ?? ProcessInfo.processInfo.environment["PATH"]
    let programs = DrawingProgram.Name.allCases.compactMap { DrawingProgram($0, searchPath: folders) }
    let parts = stored.map(Self.part)
    let needed = parts.flatMap(\.sections).flatMap(\.blocks).compactMap { block in
      if case .figure(let drawing) = block { drawing.program } else { nil }
    }
    let missing = DrawingProgram.Name.allCases.filter { name in
      needed.contains(name) && !programs.contains { $0.name == name }
    }
    self.programs = programs
    page = Page(
      parts: parts, comparisons: Self.comparisons(stored),
      notes: missing.map { "There are tables for pictures that \($0.rawValue) draws, which is not here: \($0.remedy)." }
    )
  }

  /// Writes the page, and beside it the folder `figures` with the data, scripts and pictures of its figures.
  ///
  /// - Throws: ``Failure`` `cannotCreate` when one of them exists without `force` or cannot be made.
  public func write(to path: String, force: Bool) throws {
    let folder = AtomicFile.folder(of: path)
    if !force, FileManager.default.fileExists(atPath: path) {
      throw Failure(.cannotCreate, "\(path) exists; give --force to replace it, or another name")
    }
    guard FileManager.default.fileExists(atPath: folder) else {
      throw Failure(.cannotCreate, "\(path) cannot be created: there is no folder \(folder)")
    }
    let figures = try FigureFolder(in: folder, programs: programs, force: force)
    let html = try page.html { try figures.html($0, part: $1) }
    try AtomicFile.save(Array(html.source.utf8), to: path, force: force)
  }

  private static func part(_ run: StoredRun) -> Page.Part {
    let story: any RunStory =
      switch run.command {
      case "train": TrainingStory(run)
      case "sweep": SweepStory(run)
      case "effect": EffectStory(run)
      case "si": InterventionsStory(run)
      case "spo": ProxiesStory(run)
      case "idgen effect": GraphStory(run)
      case "idgen fit": NetworkStory(run)
      case "idgen check": IdentificationStory(run)
      case "idgen sample": SampleStory(run)
      case "reproduce": ReproductionStory(run)
      default: OtherStory(run)
      }
    let ending = [
      RunPhases(run).section, RunHistory(run).provenance,
      PageSection("What the terminal showed", [.terminal(run.summary)]),
    ]
    return Page.Part(
      name: run.shortName, title: story.title, answer: story.answer, verdict: story.verdict,
      sections: [DataFlow(run).section] + story.sections + ending)
  }

  /// Tables of the runs of each command that has several which can be compared.
  private static func comparisons(_ runs: [StoredRun]) -> [PageSection] {
    var commands: [String] = []
    for run in runs where !commands.contains(run.command) { commands.append(run.command) }
    return commands.compactMap { command in
      let alike = runs.filter { $0.command == command }
      guard alike.count > 1, let comparison = try? RunComparison(alike) else { return nil }
      let tables = comparison.report.sections.flatMap(\.blocks).compactMap { block -> PageBlock? in
        guard case .table(let table) = block else { return nil }
        return .table(PageTable("Estimates with their standard errors", table.columns.map(\.title), table.rows))
      }
      return PageSection("Runs of \(command)", tables)
    }
  }
}
