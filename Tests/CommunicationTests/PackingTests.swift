import Communication
import Testing

@Suite struct PackingTests {
  @Test func `Parts fill the buffer once, in the order in which they were laid out`() {
    var packing = Packing()
    let first = packing.number()
    let vector = packing.vector(3)
    let empty = packing.vector(0)
    let table = packing.table(2, 4)
    let none = packing.table(5, 0)
    let last = packing.number()
    let cells = (0..<2).flatMap { row in (0..<4).map { table[row, $0] } }
    #expect([first] + (0..<3).map { vector[$0] } + cells + [last] == Array(0..<13))
    #expect(Array(vector.places) == [1, 2, 3] && empty.places.isEmpty)
    #expect(Array(table.row(1)) == [8, 9, 10, 11] && none.row(4).isEmpty)
    #expect(packing.zeros == Array(repeating: 0, count: 13) && packing.count == 13)
  }
}
