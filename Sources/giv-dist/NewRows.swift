import Communication
import Diagnostics
import FoundationEssentials
import Glibc
import Import
import Shards
import Storage

/// The rows that `giv-dist predict` is asked about: shards where they lie, or tables.
///
/// Tables become shards in a hidden folder beside the output, by the encoding of the model's own rows, and are gone with
/// the answer. So a row has the same bits whichever way it came.
struct NewRows {
  /// What was given.
  let paths: [String]
  /// How tables are read; its encoding is that of the model.
  let plan: ImportPlan

  /// Whether they are tables: neither HDF5 nor a folder.
  ///
  /// - Throws: ``Failure`` `usage` when some are and others are not.
  func areTables() throws -> Bool {
    let tables = paths.filter { path in
      access(path, F_OK) == 0 && !HDF5File.isFolder(path) && !path.hasSuffix(".h5") && !HDF5File.hasSignature(path)
    }
    guard tables.isEmpty || tables.count == paths.count else {
      let shard = paths.first { !tables.contains($0) } ?? ""
      throw Failure(.usage, "\(tables[0]) is a table and \(shard) holds shards; predict from one kind at a time")
    }
    return !tables.isEmpty
  }

  /// Imports the tables, and takes the shards away after `body`. Collective.
  ///
  /// - Parameters:
  ///   - output: the file to be written, in a folder that all ranks see.
  ///   - body: is given the folder of the shards, and what the import found.
  /// - Throws: on all ranks the same ``Failure`` when the tables cannot be read, or what `body` throws.
  func withShards<Value>(
    beside output: String, on communicator: any Communicator, _ body: (String, ImportSummary) throws -> Value
  ) throws -> Value {
    let hidden = "\(AtomicFile.folder(of: output))/.\(output.split(separator: "/").last ?? "").\(getpid()).rows"
    defer { if communicator.isRoot { try? FileManager.default.removeItem(atPath: hidden) } }
    let summary = try communicator.broadcast { try Importer(inputs: paths, plan: plan).run(into: hidden, force: false) }
    return try body(summary.folder, summary)
  }
}

extension ImportSummary {
  /// What became of rows that miss values.
  var missingFindings: [Finding] {
    let missing = record.missingValues
    var findings: [Finding] = []
    if missing.rowsDropped > 0 {
      findings.append(
        .note(.rowsDropped, [.count: .count(missing.rowsDropped), .total: .count(missing.rowsRead)]))
    }
    if missing.policy == .mean, !missing.missing.isEmpty {
      let counts = missing.missing.sorted { $0.key < $1.key }
      let names = counts.map(\.key)
      findings.append(.note(.missingFilled, [.names: .names(names), .counts: .counts(counts.map(\.value))]))
    }
    return findings
  }
}
