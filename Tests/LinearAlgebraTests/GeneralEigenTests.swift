import Diagnostics
import LinearAlgebra
import TestSupport
import Testing

@Suite struct GeneralEigenTests {
  private struct Entry: Decodable {
    let name: String
    let matrix: [[Double]]
    let right: [[Double]]?
    let real: [Double]
    let imaginary: [Double]
    let condition: Double
  }

  private struct Oracle: Decodable {
    let matrices: [Entry]
    let pencils: [Entry]
  }

  /// The largest distance of a value from the one of the other program that is nearest, over the largest value.
  private func distance(_ values: [GeneralEigen.Value], _ entry: Entry) -> Double {
    guard values.count == entry.real.count else { return .infinity }
    var rest = zip(entry.real, entry.imaginary).map { ($0, $1) }
    let size = rest.map { max(abs($0.0), abs($0.1)) }.max()!
    var largest = 0.0
    for value in values {
      let distances = rest.map { max(abs($0.0 - value.real), abs($0.1 - value.imaginary)) }
      let nearest = distances.indices.min { distances[$0] < distances[$1] }!
      largest = max(largest, distances[nearest])
      rest.remove(at: nearest)
    }
    return size > 0 ? largest / size : largest
  }

  @Test func `Eigenvalues of matrices and pencils are those of scipy`() throws {
    let oracle: Oracle = try oracle("eigen.json")
    for entry in oracle.matrices {
      let eigen = try GeneralEigen(Matrix(entry.matrix))
      #expect(distance(eigen.values, entry) < 1e-14 * max(1, entry.condition), "\(entry.name)")
      #expect(eigen.isReal == entry.imaginary.allSatisfy { $0 == 0 }, "\(entry.name)")
    }
    for entry in oracle.pencils {
      let eigen = try GeneralEigen(Matrix(entry.matrix), Matrix(entry.right!))
      #expect(distance(eigen.values, entry) < 1e-13 * max(1, entry.condition), "\(entry.name)")
    }
  }

  @Test func `Vectors of real values solve the equation`() throws {
    let oracle: Oracle = try oracle("eigen.json")
    let entry = oracle.matrices.first { $0.name == "real values" }!
    let matrix = Matrix(entry.matrix)
    let eigen = try GeneralEigen(matrix)
    let vectors = try eigen.realVectors()
    let residual = matrix * vectors - vectors * Matrix(diagonal: eigen.values.map(\.real))
    #expect(residual.largestMagnitude < 1e-13 * matrix.largestMagnitude)
    for j in 0..<6 { #expect(abs((0..<6).reduce(0) { $0 + vectors[$1, j] * vectors[$1, j] } - 1) < 1e-14) }
  }

  @Test func `What has no eigenvalues is refused`() {
    #expect(throws: Failure.self) { try GeneralEigen(Matrix([[1, .infinity], [0, 1]])) }
    #expect(throws: Failure.self) { try GeneralEigen(.identity(2), Matrix(rows: 2, columns: 2)) }
  }
}
