import Communication
import Features
import Foundation
import Frames

extension FeatureMap {
  /// The features of rows given by column: one array per row.
  func features(_ covariates: [[Double]]) -> [[Double]] {
    let count = covariates[0].count
    // A stride of its own shows writes to the wrong place.
    let stride = count + 3
    var output = Array(repeating: Double.nan, count: dimension * stride)
    let columns = covariates.map { values in
      let copy = UnsafeMutablePointer<Double>.allocate(capacity: values.count)
      copy.initialize(from: values, count: values.count)
      return copy
    }
    defer { for column in columns { column.deallocate() } }
    output.withUnsafeMutableBufferPointer {
      transform(columns.map { UnsafePointer($0) }, rowCount: count, into: $0.baseAddress!, stride: stride)
    }
    return (0..<count).map { row in (0..<dimension).map { output[$0 * stride + row] } }
  }

  /// What is read back from its JSON.
  var decoded: Self {
    get throws { try JSONDecoder().decode(Self.self, from: JSONEncoder().encode(self)) }
  }
}

/// A table in memory, without a treatment to speak of.
func sampleTable(_ covariates: [[Double]], on communicator: any Communicator = SoloCommunicator()) throws -> Frame {
  let count = covariates[0].count
  return try Frame(
    rows: DistributedRows(rowCount: count, communicator: communicator), covariates: covariates,
    treatment: Array(repeating: 0, count: count))
}

/// [first row], [second row], … as columns.
func columns(_ rows: [[Double]]) -> [[Double]] { rows[0].indices.map { j in rows.map { $0[j] } } }

func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// A value after a round trip through JSON.
struct JSON<Value: Codable> {
  let value: Value
  init(_ value: Value) throws { self.value = try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value)) }
}
