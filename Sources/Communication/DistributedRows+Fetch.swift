/// Which places of lists of rows a rank gets the values of.
package enum Recipients {
  /// All ranks get all.
  case all
  /// Rank 0 gets all.
  case root
  /// Each rank gets those at some places of every list, by rank.
  case places([Range<Int>])

  /// By rank, where the lists are of `length` rows.
  func places(length: Int, ranks: Int) -> [Range<Int>] {
    switch self {
    case .all: Array(repeating: 0..<length, count: ranks)
    case .root: [0..<length] + Array(repeating: 0..<0, count: ranks - 1)
    case .places(let places): places
    }
  }
}

/// Values of some rows, as a rank got them.
package struct FetchedRows: Sendable {
  /// The places in every list of which there are values here.
  package let places: Range<Int>
  /// [list][place][value].
  package let values: [Double]
}

extension DistributedRows {
  /// Brings the values of rows of all ranks to the ranks that need them: when all have read theirs, one message from each rank
  /// to each other one. Collective.
  ///
  /// - Parameters:
  ///   - rows: lists of global rows, behind each other, of `length` rows each; the same on all ranks.
  ///   - width: the number of values of a row.
  ///   - read: gives the values of rows of this rank, in the order of the lists and as often as they stand there, one row
  ///     behind the other; it must not communicate.
  /// - Throws: on all ranks the same ``Failure`` when rows cannot be read.
  package func fetch(
    _ rows: [Int], length: Int, for recipients: Recipients, width: Int, read: (_ rows: [Int]) throws -> [Double]
  ) throws -> FetchedRows {
    guard communicator.size > 1 else {
      return FetchedRows(places: 0..<length, values: try communicator.agree { try read(rows) })
    }
    let (rank, places) = (communicator.rank, recipients.places(length: length, ranks: communicator.size))
    precondition(rows.count.isMultiple(of: length) && places.count == communicator.size)
    let own = places[rank]
    let owners = rows.map { partition.owner(ofChunk: grid.chunk(ofRow: $0)) }
    let local = owners.indices.filter { owners[$0] == rank }
    let values = try communicator.agree { try read(local.map { rows[$0] }) }
    precondition(values.count == local.count * width, "each row has \(width) values")
    // Of each rank, where its rows go here, in the order in which it sends them.
    var targets = [[Int]](repeating: [], count: communicator.size)
    for (index, owner) in owners.enumerated() where own.contains(index % length) {
      targets[owner].append(index / length * own.count + index % length - own.lowerBound)
    }
    let messages = try communicator.exchange(receiving: targets.map { $0.count * width }) { destination in
      var message: [Double] = []
      guard !places[destination].isEmpty else { return message }
      for (place, index) in local.enumerated() where places[destination].contains(index % length) {
        message += values[place * width..<(place + 1) * width]
      }
      return message
    }
    var fetched = Array(repeating: 0.0, count: targets.reduce(0) { $0 + $1.count } * width)
    for (message, targets) in zip(messages, targets) {
      for (index, target) in targets.enumerated() {
        fetched.withUnsafeMutableBufferPointer { fetched in
          message.withUnsafeBufferPointer {
            (fetched.baseAddress! + target * width).update(from: $0.baseAddress! + index * width, count: width)
          }
        }
      }
    }
    return FetchedRows(places: own, values: fetched)
  }
}
