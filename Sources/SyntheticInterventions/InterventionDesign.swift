import Diagnostics
import Frames
import Panels

/// The names of the options as places in a panel.
struct InterventionDesign: Sendable {
  /// Places of the arms that are answered for.
  let arms: [Int]
  /// Places of the units that are answered for, ascending.
  let targets: [Int]
  let problem: PanelProblem

  /// The first targets, whose cells are listed.
  var listed: [Int] {
    let width = problem.armCount * problem.metrics.count
    return Array(targets.prefix(max(1, SyntheticInterventionsResult.mostCells / width)))
  }

  /// - Parameter panel: in the layout of units.
  /// - Throws: ``Failure`` usage where options name what there is not or windows overlap, data where an arm has no donors
  ///   or one period is before.
  init(_ options: SyntheticInterventionsOptions, _ panel: Panel) throws {
    try Self.require(options, panel)
    arms =
      options.arms.isEmpty
      ? Array(panel.arms.indices) : try options.arms.map { try Self.place($0, panel.arms, "--arms", "arm") }.sorted()
    let metrics =
      options.metrics.isEmpty
      ? Array(panel.metrics.indices)
      : try options.metrics.map { try Self.place($0, panel.metrics, "--metrics", "metric") }
    let excluded = Set(try options.excluded.map { try Self.place($0, panel.units, "--exclude", "unit") })
    switch options.targets {
    case .all, .own:
      targets = excluded.isEmpty ? Array(panel.units.indices) : panel.units.indices.filter { !excluded.contains($0) }
    case .named(let names):
      targets = Set(try names.map { try Self.place($0, panel.units, "--targets", "unit") }).sorted()
      if let unit = targets.first(where: excluded.contains) {
        throw Failure(
          .usage, "--targets and --exclude both name unit '\(panel.units[unit])'; name it in one of them")
      }
    }
    let windows = try arms.map { try Self.window($0, options, panel) }
    let donorArms = try Self.donorArms(arms, excluded, options, panel)
    for (index, arm) in arms.enumerated() where !donorArms.contains(index) {
      throw Failure(
        .usage,
        "arm '\(panel.arms[arm])' has no donors; name other --arms than it, or units of it in --donors")
    }
    problem = PanelProblem(
      panel, metrics: metrics, before: options.windows.before, after: windows, donorArms: donorArms,
      rules: arms.map { options.armRanks[panel.arms[$0]] ?? options.rank }, names: arms.map { panel.arms[$0] })
  }

  private static func require(_ options: SyntheticInterventionsOptions, _ panel: Panel) throws {
    for name in (Array(options.armWindows.keys) + options.armRanks.keys + options.donors.keys).sorted() {
      _ = try place(name, panel.arms, "an option", "arm")
    }
    let before = options.windows.before
    guard before.count * max(1, options.metrics.isEmpty ? panel.metrics.count : options.metrics.count) > 1 else {
      throw Failure(.data, "one period before does not show what units share; give --pre two periods or more")
    }
    guard options.level > 0 && options.level < 1 else {
      throw Failure(.usage, "--level is \(options.level); give a number between 0 and 1")
    }
    for rule in [options.rank] + options.armRanks.values {
      switch rule {
      case .fixed(let rank) where rank < 1: throw Failure(.usage, "--rank fixed:\(rank) is no rank; give 1 or more")
      case .energy(let share) where !(share > 0 && share <= 1):
        throw Failure(.usage, "--rank energy:\(share) is no share; give a number above 0 and up to 1")
      default: break
      }
    }
  }

  private static func window(
    _ arm: Int, _ options: SyntheticInterventionsOptions, _ panel: Panel
  ) throws -> Range<Int> {
    let (before, after) = (options.windows.before, options.armWindows[panel.arms[arm]] ?? options.windows.after)
    for (name, window) in [("--pre", before), ("--post", after)] {
      guard !window.isEmpty, window.lowerBound >= 0, window.upperBound <= panel.periods.count else {
        throw Failure(
          .usage,
          "\(name) is no window of the panel's periods, \(panel.periods.first ?? "none") to "
            + "\(panel.periods.last ?? "none"); name two of them, the earlier first")
      }
    }
    guard after.lowerBound >= before.upperBound else {
      throw Failure(
        .usage,
        "the periods \(words(after, panel)) of arm '\(panel.arms[arm])' do not lie behind --pre \(words(before, panel)); give "
          + "--post a window that begins after it")
    }
    return after
  }

  private static func words(_ window: Range<Int>, _ panel: Panel) -> String {
    "\(panel.periods[window.lowerBound]):\(panel.periods[window.upperBound - 1])"
  }

  private static func donorArms(
    _ arms: [Int], _ excluded: Set<Int>, _ options: SyntheticInterventionsOptions, _ panel: Panel
  ) throws -> [Int] {
    var index = [Int](repeating: -1, count: panel.arms.count)
    for (place, arm) in arms.enumerated() { index[arm] = place }
    var result = panel.unitArms.map { index[$0] }
    for unit in excluded { result[unit] = -1 }
    for (arm, names) in options.donors.sorted(by: { $0.key < $1.key }) {
      let place = try place(arm, panel.arms, "--donors", "arm")
      let named = Set(try names.map { try self.place($0, panel.units, "--donors", "unit") })
      if let other = named.sorted().first(where: { panel.unitArms[$0] != place }) {
        throw Failure(
          .usage,
          "--donors names unit '\(panel.units[other])' for arm '\(arm)', and it came under "
            + "'\(panel.arms[panel.unitArms[other]])'; name units of the arm")
      }
      guard index[place] >= 0 else { continue }
      for unit in result.indices where result[unit] == index[place] && !named.contains(unit) { result[unit] = -1 }
    }
    return result
  }

  /// The place of a name, or a failure with close ones.
  static func place(_ name: String, _ names: [String], _ option: String, _ kind: String) throws -> Int {
    if let place = names.firstIndex(of: name) { return place }
    let close = names.filter { distance($0.lowercased(), name.lowercased()) <= 2 }.prefix(5)
    let list = close.isEmpty ? levelWords(names) : close.joined(separator: ", ")
    throw Failure(
      .usage,
      "\(option) names \(kind) '\(name)', which the panel does not have; \(close.isEmpty ? "it has" : "close ones are") "
        + list)
  }

  /// Letters to insert, remove or replace (Levenshtein).
  private static func distance(_ first: String, _ second: String) -> Int {
    let (a, b) = (Array(first.utf8), Array(second.utf8))
    guard abs(a.count - b.count) <= 2 else { return 3 }
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in b.enumerated() {
        let replaced = diagonal + (letter == other ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
