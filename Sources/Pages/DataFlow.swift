import Reports
import Storage

/// What became of the rows on their way into a run: the manifests of the folders of shards that its command names, if they
/// are still there.
struct DataFlow {
  private struct Input {
    let folder: String
    let manifest: JSONNode
  }

  private let inputs: [Input]

  init(_ run: StoredRun) {
    let history = RunHistory(run)
    inputs = history.command.dropFirst(2).filter { !$0.hasPrefix("-") }.compactMap { word in
      let folder = word.hasPrefix("/") || history.folder.isEmpty ? word : "\(history.folder)/\(word)"
      guard let bytes = try? WholeFile.bytes("\(folder)/\(Self.name)"), let manifest: JSONNode = try? jsonValue(bytes)
      else { return nil }
      return Input(folder: word, manifest: manifest)
    }
  }

  private static let name = "manifest.json"

  var section: PageSection {
    PageSection("Data flow", inputs.flatMap { flow($0) + institutions($0) + sources($0) })
  }

  private func flow(_ input: Input) -> [PageBlock] {
    // A panel has no treatment of its own, and unlike the variables of a graph no columns.
    let isPanel = input.manifest["treatment"].text == nil && input.manifest["columns"].elements.isEmpty
    let missing = input.manifest["imported"]["missingValues"]
    let filled = Set((missing["means"].members ?? [:]).keys)
    let counts = missing["missing"].sorted.filter { $0.value.number ?? 0 > 0 }
    let rows: [[Report.Cell]] =
      [
        ("rows read", missing["rowsRead"]), ("rows kept", missing["rowsKept"]),
        ("rows dropped", missing["rowsDropped"]),
      ]
      .filter { $0.1.number != nil }.map { [.text($0.0), $0.1.cell] }
      + [[.text(isPanel ? "units in the panel" : "rows in the shards"), input.manifest["rows"].cell]]
      + counts.map { column, count in
        [.text("missing in \(column)" + (filled.contains(column) ? ", filled by the mean" : "")), count.cell]
      }
    return [.table(PageTable("Rows of \(input.folder)", ["", "count"], rows, from: Self.name))]
  }

  private func institutions(_ input: Input) -> [PageBlock] {
    var rows: [(name: String, count: Double)] = []
    for shard in input.manifest["shards"].elements {
      guard let name = shard["institution"].text, let count = shard["rows"].number else { continue }
      if let place = rows.firstIndex(where: { $0.name == name }) {
        rows[place].count += count
      } else {
        rows.append((name, count))
      }
    }
    guard !rows.isEmpty else { return [] }
    return [
      .table(
        PageTable(
          "Rows of \(input.folder) by institution", ["institution", "rows"],
          rows.map { [.text($0.name), .count(Int($0.count))] }, from: Self.name))
    ]
  }

  private func sources(_ input: Input) -> [PageBlock] {
    let tables = input.manifest["imported"]["inputs"].elements
    guard !tables.isEmpty else { return [] }
    return [
      .table(
        PageTable(
          "Tables that \(input.folder) was made of", ["file", "SHA-256"],
          tables.map { [.text($0["path"].label), .text($0["sha256"].label)] }, from: Self.name))
    ]
  }
}
