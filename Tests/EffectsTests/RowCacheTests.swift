import Communication
import Effects
import Frames
import LinearAlgebra
import Mixture
import Testing

@Suite struct RowCacheTests {
  private struct Unreadable: Error {}

  private static func table(_ communicator: any Communicator) throws -> Frame {
    let rows = 2_500
    return try Frame(
      rows: DistributedRows(rowCount: rows, chunkLength: 1024, communicator: communicator),
      covariates: [(0..<rows).map(Double.init)], treatment: (0..<rows).map { Double($0 % 7) })
  }

  /// Number j of a row is the row plus j / 10.
  private static func write(
    _ frame: Frame, _ chunk: Int, _ width: Int, _ values: UnsafeMutablePointer<Double>, _ stride: Int
  ) {
    for (place, row) in frame.rows.grid.rows(ofChunks: chunk..<chunk + 1).enumerated() {
      for j in 0..<width { values[j * stride + place] = Double(row) + Double(j) / 10 }
    }
  }

  @Test(arguments: [1, 2, 4]) func `What is computed once is given ever after, on ranks with chunks and without`(
    ranks: Int
  ) throws {
    _ = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let frame = try Self.table(communicator)
      let (width, stride) = (3, 1100)
      let cache = RowCache(width: width, of: frame)
      var calls: [Int: Int] = [:]
      for pass in 0..<3 {
        for chunk in frame.rows.localChunks {
          var values = [Double](repeating: -1, count: width * stride)
          let rows = frame.rows.grid.rows(ofChunks: chunk..<chunk + 1)
          func fill() throws {
            try values.withUnsafeMutableBufferPointer {
              try cache.fill(chunk, rowCount: rows.count, into: $0.baseAddress!, stride: stride) { values, stride in
                calls[chunk, default: 0] += 1
                // The first call of each chunk fails half way.
                if calls[chunk] == 1 {
                  values[0] = 99
                  throw Unreadable()
                }
                Self.write(frame, chunk, width, values, stride)
              }
            }
          }
          if pass == 0 { #expect(throws: Unreadable.self) { try fill() } }
          try fill()
          for j in 0..<width {
            let own = values[j * stride..<(j + 1) * stride]
            #expect(own.prefix(rows.count).elementsEqual(rows.map { Double($0) + Double(j) / 10 }))
            #expect(own.dropFirst(rows.count).allSatisfy { $0 == -1 })
          }
        }
      }
      #expect(calls.values.allSatisfy { $0 == 2 } && calls.count == frame.rows.localChunks.count)
    }
  }

  @Test func `Numbers beyond the limit are computed every time`() throws {
    let frame = try Self.table(SoloCommunicator())
    let width = Design.cacheLimit / (3 * 1024 * 8) + 1
    let cache = RowCache(width: width, of: frame)
    let values = AlignedBuffer(count: width * 1024)
    var calls = 0
    for _ in 0..<2 {
      for chunk in frame.rows.localChunks {
        let rows = frame.rows.grid.rows(ofChunks: chunk..<chunk + 1)
        cache.fill(chunk, rowCount: rows.count, into: values.pointer, stride: 1024) { values, stride in
          calls += 1
          Self.write(frame, chunk, width, values, stride)
        }
        #expect(values.pointer[0] == Double(rows.lowerBound))
        #expect(values.pointer[(width - 1) * 1024] == Double(rows.lowerBound) + Double(width - 1) / 10)
      }
    }
    #expect(calls == 6)
  }
}
