import Communication
import Features
import Foundation
import Frames
import LinearAlgebra
import MetaEM
import Testing

@Suite struct NetworkRepresentationTests {
  static let rowCount = 2300

  static func columns(_ count: Int) -> [[Double]] {
    let random = CounterRandom(seed: 12, stream: .test)
    return (0..<count).map { j in (0..<rowCount).map { random.normal(row: $0, draw: j) } }
  }

  static func table(on communicator: any Communicator = SoloCommunicator(), weight: [Double]? = nil) throws -> Frame {
    let columns = columns(4)
    return try Frame(
      rows: DistributedRows(rowCount: rowCount, communicator: communicator), covariates: Array(columns.dropLast()),
      treatment: columns[3], weight: weight)
  }

  /// All rows' features, column after column.
  static func features(_ representation: some FeatureMap, of columns: [[Double]]) -> [[Double]] {
    let count = columns[0].count
    let buffer = AlignedBuffer(count: columns.count * count)
    for (j, column) in columns.enumerated() {
      for (row, value) in column.enumerated() { buffer[j * count + row] = value }
    }
    var output = [Double](repeating: 0, count: representation.dimension * count)
    representation.transform(
      columns.indices.map { UnsafePointer(buffer.pointer + $0 * count) }, rowCount: count, into: &output, stride: count)
    withExtendedLifetime(buffer) {}
    return (0..<representation.dimension).map { Array(output[$0 * count..<($0 + 1) * count]) }
  }

  @Test func `Features are the formula of a network`() {
    let random = CounterRandom(seed: 13, stream: .test)
    let encoder = NetworkEncoder.dense(covariateScales: [1, 1], dimension: 3, hidden: 4)
    let parameters = (0..<encoder.parameterCount).map { random.normal(row: $0, draw: 1) }
    #expect(parameters.count == 4 * 3 + 3 * 5)
    let representation = NetworkRepresentation(
      encoder: encoder, parameters: parameters, centers: [1, 2, 3], scales: [2, 1, 0.5])
    let columns = Self.columns(2).map { Array($0.prefix(300)) }
    let features = Self.features(representation, of: columns)
    for row in 0..<300 {
      let hidden = (0..<4).map { unit in
        tanh(
          parameters[3 * unit] + parameters[3 * unit + 1] * columns[0][row] + parameters[3 * unit + 2] * columns[1][row]
        )
      }
      for j in 0..<3 {
        let own = parameters[(12 + 5 * j)..<(17 + 5 * j)]
        let raw = zip(own.dropFirst(), hidden).reduce(own.first!) { $0 + $1.0 * $1.1 }
        let expected = (raw - representation.centers[j]) / representation.scales[j]
        #expect(abs(features[j][row] - expected) < 1e-13)
      }
    }
  }

  /// A change of one covariate changes its own feature only, which is a function of it.
  @Test func `A feature of mixed networks sees one covariate`() {
    let encoder = NetworkEncoder.mixed(covariateNames: ["a", "b", "c"], covariateScales: [1, 1, 1])
    let random = CounterRandom(seed: 14, stream: .test)
    let representation = NetworkRepresentation(
      encoder: encoder, parameters: (0..<encoder.parameterCount).map { random.normal(row: $0, draw: 1) },
      centers: [0, 0, 0], scales: [1, 1, 1])
    #expect(representation.featureNames == ["net(a)", "net(b)", "net(c)"])
    var columns = Self.columns(3).map { Array($0.prefix(200)) }
    let before = Self.features(representation, of: columns)
    columns[1] = columns[1].map { $0 + 1 }
    let after = Self.features(representation, of: columns)
    #expect(before[0] == after[0] && before[2] == after[2])
    #expect(!zip(before[1], after[1]).contains { $0 == $1 })
    // The first unit of the first network, from its layout: constants first, then x, x² / √3, x³ / √15.
    let p = representation.parameters
    for row in 0..<200 {
      let x = columns[0][row]
      let powers: [Double] = [1, x, x * x / 3.0.squareRoot(), x * x * x / 15.0.squareRoot()]
      var expected = p[32]
      for unit in 0..<8 {
        let sum = zip(p[4 * unit..<4 * unit + 4], powers).reduce(0) { $0 + $1.0 * $1.1 }
        expected += p[33 + unit] * tanh(sum)
      }
      #expect(abs(after[0][row] - expected) < 1e-12)
    }
  }

  @Test func `Features are standardised by the rows' weights`() throws {
    let random = CounterRandom(seed: 15, stream: .test)
    let weight = (0..<Self.rowCount).map { random.uniform(row: $0, draw: 0) }
    let table = try Self.table(weight: weight)
    let encoder = NetworkEncoder.dense(covariateScales: [1, 1, 1], dimension: 2)
    let representation = try RepresentationTrainer(encoder: encoder, groupCount: 2, table: table).representation
    let total = weight.reduce(0, +)
    for feature in Self.features(representation, of: Array(Self.columns(3))) {
      let mean = zip(weight, feature).reduce(0) { $0 + $1.0 * $1.1 } / total
      let variance = zip(weight, feature).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) } / total
      #expect(abs(mean) < 1e-12 && abs(variance - 1) < 1e-12)
    }
  }

  @Test func `A skip is where training starts`() throws {
    let table = try Self.table()
    let spline = try SplineBasis(fitting: table)
    let encoder = NetworkEncoder.dense(
      covariateScales: [1, 1, 1], dimension: spline.dimension, skip: .init(.spline(spline)))
    let start = try RepresentationTrainer(encoder: encoder, groupCount: 2, table: table).representation
    let columns = Array(Self.columns(3))
    for (j, (feature, own)) in zip(Self.features(start, of: columns), Self.features(spline, of: columns)).enumerated() {
      for (value, expected) in zip(feature, own) {
        #expect(abs(value * start.scales[j] + start.centers[j] - expected) < 1e-12)
      }
    }
  }

  @Test func `A learned representation survives storage`() throws {
    let table = try Self.table()
    let identity = Basis.identity(IdentityBasis(covariateNames: table.covariateNames))
    let encoder = NetworkEncoder.mixed(
      covariateNames: table.covariateNames, covariateScales: [1, 1, 1], skip: .init(identity))
    let representation = try RepresentationTrainer(encoder: encoder, groupCount: 3, table: table).representation
    let stored = try JSONEncoder().encode(Representation.network(representation))
    let copy = try JSONDecoder().decode(Representation.self, from: stored)
    guard case .network(let network) = copy else {
      Issue.record("not a network")
      return
    }
    let columns = Array(Self.columns(3))
    #expect(Self.features(network, of: columns) == Self.features(representation, of: columns))
    #expect(copy.featureNames == representation.featureNames)
  }
}
