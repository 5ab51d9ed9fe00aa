/// Where the time of all ranks went, by phase in the order in which they began.
public struct PhaseTable: Codable, Sendable {
  public struct Row: Codable, Sendable {
    public let phase: String
    /// Passes over the rows, or rounds of training.
    public internal(set) var passes = 0
    /// Fits that these passes served, added up; 0 where fits are not counted.
    public internal(set) var fits = 0
    /// The mean over ranks.
    public internal(set) var seconds = 0.0
    /// Of these, what ranks spent in messages, for the most part waiting for slower ranks.
    public internal(set) var messageSeconds = 0.0
    /// The most memory that a rank had held when the phase ended.
    public internal(set) var peakBytes = 0

    init(_ phase: String) { self.phase = phase }

    mutating func add(_ other: Row, share: Double = 1) {
      passes += other.passes
      fits += other.fits
      seconds += share * other.seconds
      messageSeconds += share * other.messageSeconds
      peakBytes = max(peakBytes, other.peakBytes)
    }
  }

  public private(set) var rows: [Row]
  /// From the start of the program on, the mean over ranks, which a launcher starts one after another; of a run that was
  /// gone on with the sum of all starts.
  public private(set) var wallSeconds: Double

  /// - Parameter ranks: the phases of each rank, whose seconds add up to the same.
  init(ofRanks ranks: [[Row]], wallSeconds: Double) {
    rows = []
    self.wallSeconds = wallSeconds
    for rank in ranks { add(rank, share: 1 / Double(ranks.count)) }
  }

  private mutating func add(_ others: [Row], share: Double) {
    for other in others {
      if let place = rows.firstIndex(where: { $0.phase == other.phase }) {
        rows[place].add(other, share: share)
      } else {
        var row = Row(other.phase)
        row.add(other, share: share)
        rows.append(row)
      }
    }
  }

  static func + (first: PhaseTable, second: PhaseTable) -> PhaseTable {
    var sum = first
    sum.add(second.rows, share: 1)
    sum.wallSeconds += second.wallSeconds
    return sum
  }
}
