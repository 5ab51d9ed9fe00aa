import Communication
import Diagnostics
import Frames

/// The groups that rows are summed in: by stratum, arm and block, the block counting fastest.
struct RowGroups: Sendable {
  /// How rows fall into the blocks of the jackknife.
  enum Blocks: Sendable {
    case byChance(Int)
    case levels(RowVariable, [Double])

    var count: Int {
      switch self {
      case .byChance(let count): count
      case .levels(_, let values): values.count
      }
    }
  }

  struct Strata: Sendable {
    let variable: RowVariable
    let values: [Double]
  }

  /// The most arms and strata, and blocks that are levels of a column.
  static let mostArms = 8
  static let mostStrata = 64
  static let mostBlocks = 1000

  let treatment: RowVariable
  /// The values of the treatment, ascending.
  let arms: [Double]
  let strata: Strata?
  let blocks: Blocks

  var stratumCount: Int { strata?.values.count ?? 1 }
  var count: Int { stratumCount * arms.count * blocks.count }

  func index(stratum: Int, arm: Int, block: Int) -> Int {
    (stratum * arms.count + arm) * blocks.count + block
  }

  /// Finds arms, strata and blocks in one pass. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: `data` when the treatment takes one value or too many, or strata and
  ///   blocks are no use; `usage` when a column is unknown, or there are fewer than two blocks or more than rows.
  init(_ options: SyntheticOutcomesOptions, of frame: Frame) throws {
    treatment = RowVariable(
      name: frame.treatmentName, storage: .real(try frame.schema.index(of: .treatment)))
    let block = try options.blockColumn.map { try frame.column(named: $0, "--jackknife-by") }
    let stratum = try options.strata.map { try frame.column(named: $0, "--strata") }
    let limit = max(Self.mostBlocks, Self.mostStrata)
    let others = [block, stratum].compactMap { $0 }
    let few = try DistinctValues([treatment], of: frame, upTo: Self.mostArms).values[0]
    let found = try others.isEmpty ? [] : DistinctValues(others, of: frame, upTo: limit).values
    arms = try Self.arms(few, frame.treatmentName)
    blocks = try Self.blocks(options, block, found.first ?? nil, frame.rows.rowCount)
    strata = try stratum.map { variable in
      guard let values = found[found.count - 1], values.count <= Self.mostStrata else {
        throw Failure(
          .data, "--strata \(variable.name) has more than \(Self.mostStrata) levels; name a column of fewer")
      }
      return Strata(variable: variable, values: values)
    }
  }

  private static func arms(_ values: [Double]?, _ name: String) throws -> [Double] {
    guard let values else {
      throw Failure(
        .data,
        "the treatment '\(name)' takes more than \(mostArms) values, and spo compares arms; cut it into a few, or name "
          + "another dataset with --t")
    }
    guard values.count > 1 else {
      throw Failure(
        .data,
        "the treatment '\(name)' has one value in all rows, so there is nothing to compare; name another dataset with --t"
      )
    }
    return values
  }

  private static func blocks(
    _ options: SyntheticOutcomesOptions, _ variable: RowVariable?, _ values: [Double]?, _ rowCount: Int
  ) throws -> Blocks {
    guard let variable else {
      guard (2...max(2, rowCount)).contains(options.blocks) else {
        throw Failure(
          .usage,
          "--jackknife is \(options.blocks), and there are \(rowCount) rows; give 2 blocks at least and no more than rows"
        )
      }
      return .byChance(options.blocks)
    }
    guard let values, values.count <= mostBlocks else {
      throw Failure(
        .data,
        "--jackknife-by \(variable.name) has more than \(mostBlocks) levels; leave it out, or name another column")
    }
    guard values.count > 1 else {
      throw Failure(
        .data,
        "--jackknife-by \(variable.name) has one level in all rows (\(variable.words(values[0]))), and one block leaves "
          + "nothing to compare; use --jackknife instead")
    }
    return .levels(variable, values)
  }

  /// Adds a stride times the group of every row.
  func addPlaces(to cells: inout RowCells, stride: Int) {
    switch blocks {
    case .byChance(let count): cells.add(jackknifeBlocks: count, stride: stride)
    case .levels(let variable, let values): cells.add(variable, among: values, stride: stride)
    }
    cells.add(treatment, among: arms, stride: stride * blocks.count)
    guard let strata else { return }
    cells.add(strata.variable, among: strata.values, stride: stride * blocks.count * arms.count)
  }
}
