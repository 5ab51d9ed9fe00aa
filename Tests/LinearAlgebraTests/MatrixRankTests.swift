import LinearAlgebra
import TestSupport
import Testing

@Suite struct MatrixRankTests {
  @Test func `Dependent columns are those whose least-squares residual vanishes, by numpy`() throws {
    for entry in try DenseOracle.load().grams {
      let dependent = Matrix(entry.gram).dependentColumns(inOrder: entry.order, tolerance: entry.tolerance)
      #expect(dependent == entry.dependent, "\(entry.name)")
    }
  }

  @Test func `They are where Cholesky stops, in blocks too`() throws {
    let random = CounterRandom(seed: 13, stream: .test)
    var data = DenseOracle.random(300, 120, seed: 14)
    let combinations = [17, 40, 41, 64, 95, 119]
    for (number, column) in combinations.enumerated() {
      let (first, second) = (random.integer(below: column, row: number, draw: 0), column - 1 - number % 2)
      for i in 0..<300 { data[i, column] = data[i, first] - 3 * data[i, second] }
    }
    let gram = data.gram
    #expect(gram.dependentColumns(inOrder: 0..<120) == combinations)
    let error = #expect(throws: NotPositiveDefinite.self) { try Cholesky(gram) }
    #expect(error?.column == 17)
    let kept = (0..<120).filter { !combinations.contains($0) }
    #expect(throws: Never.self) { try Cholesky(gram.selecting(rows: kept, columns: kept)) }
  }

  @Test func `A column without a positive square sum is dependent and disturbs no other`() {
    let gram = Matrix([[4, .nan, 1, 0], [.nan, .nan, .nan, 0], [1, .nan, 9, 0], [0, 0, 0, 0]])
    #expect(gram.dependentColumns(inOrder: [0, 1, 2, 3]) == [1, 3])
    #expect(gram.dependentColumns(inOrder: [] as [Int]) == [])
  }
}
