import LinearAlgebra
import Testing

@Suite struct AlignedBufferTests {
  @Test(arguments: [0, 1, 7, 1024])
  func `A buffer starts aligned and zero`(count: Int) {
    let buffer = AlignedBuffer(count: count)
    #expect(buffer.count == count)
    #expect(UInt(bitPattern: buffer.pointer) % 64 == 0)
    #expect((0..<count).allSatisfy { buffer[$0] == 0 })
  }

  @Test func `A buffer holds what is written`() {
    let buffer = AlignedBuffer(count: 3)
    buffer[1] = 2.5
    #expect(buffer.pointer[1] == 2.5 && buffer[0] == 0 && buffer[2] == 0)
  }
}
