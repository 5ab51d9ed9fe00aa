import LinearAlgebra
import Testing

@Suite struct BLASTests {
  @Test func pinsToOneThreadAndNamesTheLibrary() {
    BLAS.pinThreads()
    #expect(BLAS.threads == 1)
    #expect(BLAS.description.hasPrefix("OpenBLAS"))
  }
}
