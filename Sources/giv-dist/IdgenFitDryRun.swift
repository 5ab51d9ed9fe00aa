import Communication
import Frames
import InterventionalSampling
import Reports

/// What learning the models of a causal graph would read, hold and train, without doing it.
struct IdgenFitDryRun: Encodable {
  let rows: Int
  let plan: NetworkPlan
  let ranks: [RankShare]
  /// Bytes of rows in a pass, on all ranks: from memory, or from files with --stream.
  let bytesPerPass: Int
  /// Bytes of generated rows that are kept at once, on all ranks.
  let generatedBytes: Int

  /// Collective.
  ///
  /// - Parameters:
  ///   - frame: the rows, streamed.
  ///   - storage: what the fit would keep them in.
  ///   - heldBytes: what the program held before it looked for the rows.
  init(
    _ estimation: NetworkEstimation, _ frame: Frame, _ storage: FrameStorage, heldBytes: Int,
    on communicator: any Communicator
  ) throws {
    let plan = try estimation.plan(frame)
    let columns = frame.schema.columns.reduce(0) { sum, column in
      if case .vector(let width) = column.kind { sum + width } else { sum + 1 }
    }
    let (number, expand) = (MemoryLayout<Double>.stride, plan.generatedRows / max(1, frame.rows.rowCount))
    ranks = try RankShare.all(
      frame.rows.partition, columns: columns, storage, heldBytes: heldBytes,
      keptBytes: { $0 * expand * plan.keptNumbers * number }, on: communicator)
    rows = frame.rows.rowCount
    bytesPerPass = rows * columns * number
    generatedBytes = plan.generatedRows * plan.keptNumbers * number
    self.plan = plan
  }

  var words: String {
    var lines = ["\(rows) rows, \(mebibytes(bytesPerPass)) MiB a pass"]
    if plan.isExact {
      lines.append("all models exactly from the counts of \(plan.cells) combinations of levels")
    } else {
      var table = TextTable(["model of", "learned on", "kind", "parameters", "minibatches"])
      table.rows = plan.models.map { model in
        [
          model.variable + (model.parents.isEmpty ? "" : " given \(model.parents.joined(separator: ", "))"),
          model.generatedTable == 0 ? "data" : "generated rows \(model.generatedTable)", model.kind,
          "\(model.parameters)", model.steps == 0 ? "" : "\(model.steps)",
        ]
      }
      if plan.generatedRows > 0 {
        lines.append(
          "\(plan.generatedRows) rows a generated table, of which \(mebibytes(generatedBytes)) MiB are kept at once")
      }
      lines += table.lines
    }
    return (lines + RankShare.table(ranks).lines).joined(separator: "\n")
  }
}
