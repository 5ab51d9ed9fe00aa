import CausalGraphs
import Diagnostics
import Frames
import Networks
import Runs

/// What models come to that are learned on a half of the rows.
public struct HalfSample: ScheduledResult, Equatable {
  /// Which half it is.
  public struct Cell: ScheduledCell {
    public let number: Int

    public var name: String { "half-\(number)" }
  }

  public let cell: Cell
  /// The statistics of all answers; none where it failed.
  public let answers: [[Double]]
  /// Of answers at values of the free inputs, those from the first of them.
  public let differences: [Double]
  /// Why there are none, as a training that left the range of numbers.
  public let failure: Failure?
}

/// What of an effect its half samples keep: the question, and how variables are read.
public struct SampledEffectPlan: Sendable {
  let options: InterventionalOptions
  let graph: MixedGraph
  let query: CausalQuery
  let variables: GraphVariables
  let asked: AskedValues

  /// Those that are asked for.
  public var cells: [HalfSample.Cell] { (0..<options.replicates).map(HalfSample.Cell.init) }

  /// The rows of a half, chosen by chance.
  public func rows(_ cell: HalfSample.Cell, of rowCount: Int) -> RowSelection {
    let order = RowPermutation(count: rowCount, seed: options.network.seed, index: Self.firstHalf + cell.number)
    return RowSelection((0..<rowCount / 2).lazy.map { order[$0] }, of: rowCount)
  }

  /// An order of the rows that is none of an epoch of a training.
  private static let firstHalf = 1 << 30

  /// Learns and draws again, with random numbers of its own. Collective.
  ///
  /// - Parameter half: the rows of ``rows(_:of:)``.
  /// - Throws: on all ranks the same ``Failure`` when rows cannot be read; what cannot be learned is a result.
  public func replicate(_ cell: HalfSample.Cell, _ half: Frame, in run: Run) throws -> HalfSample {
    do {
      var options = options.network
      options.seed &+= UInt64(cell.number + 1) &* 0x9E37_79B9_7F4A_7C15
      let network = try NetworkEstimation(options, graph: graph, query: query).fit(half, variables, in: run)
      let draws = SampledDraws(network, asked, self.options.draws, seed: options.seed, half.rows.communicator)
      return HalfSample(
        cell: cell, answers: try draws.answers().map(\.values), differences: try draws.differences(), failure: nil)
    } catch let failure as Failure where failure.exitCode == .numerical || failure.exitCode == .data {
      return HalfSample(cell: cell, answers: [], differences: [], failure: failure)
    }
  }
}
