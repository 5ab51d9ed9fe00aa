import Communication
import Diagnostics
import Frames

/// Columns of a frame as the rows of an instrumental regression.
public struct FrameInstruments: InstrumentalRows {
  public let names: InstrumentalNames
  public let clusterings: [Clustering]
  private let frame: Frame
  /// W, Z, D, y, by column of the schema and component.
  private let places: [(column: Int, component: Int)]
  private let clusters: [Int]

  public var rows: DistributedRows { frame.rows }

  /// Collective.
  ///
  /// - Parameters:
  ///   - frame: whose weights, if it has some, weigh the rows or say how many each stands for.
  ///   - controls: real columns of the schema or vectors, W without the constant.
  ///   - clusters: at most two categorical columns of the schema.
  /// - Throws: on all ranks the same ``Failure`` (data) that names a column and a row in which it is missing.
  /// - Precondition: the columns are of these kinds.
  public init(
    _ frame: Frame, response: Int, endogenous: [Int], controls: [Int], instruments: [Int], clusters: [Int] = []
  ) throws {
    precondition(clusters.count <= 2, "rows are clustered in two ways at most")
    try frame.requireComplete(controls + instruments + endogenous + [response] + clusters)
    func places(_ columns: [Int]) -> [(column: Int, component: Int)] {
      columns.flatMap { column in (0..<frame.schema.columns[column].kind.slotCount).map { (column, $0) } }
    }
    func names(_ columns: [Int]) -> [String] {
      places(columns).map { place in
        let column = frame.schema.columns[place.column]
        return column.kind.slotCount == 1 ? column.name : "\(column.name)[\(place.component)]"
      }
    }
    self.frame = frame
    self.names = InstrumentalNames(
      controls: names(controls), instruments: names(instruments), endogenous: names(endogenous),
      response: frame.schema.columns[response].name)
    self.places = places(controls + instruments + endogenous + [response])
    self.clusters = clusters
    clusterings = clusters.map { index in
      let column = frame.schema.columns[index]
      guard let levels = column.kind.levels else { preconditionFailure("clusters are levels of a categorical column") }
      return Clustering(name: column.name, count: levels.count)
    }
  }

  public func withChunk<Result>(_ chunk: Int, _ body: (InstrumentalChunk) throws -> Result) throws -> Result {
    try body(
      InstrumentalChunk(
        rowCount: frame.rowCount(ofChunk: chunk),
        columns: places.map { try frame.reals($0.column, component: $0.component, chunk: chunk) },
        weights: frame.observationWeights(chunk: chunk), frequencies: frame.frequencies(chunk: chunk),
        clusters: clusters.map { try frame.codes($0, chunk: chunk) }))
  }
}
