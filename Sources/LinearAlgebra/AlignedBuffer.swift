/// Doubles on a 64-byte boundary, as the kernels read them; zero at first and freed with the last reference.
///
/// Nothing is locked: whoever shares a buffer between threads keeps writers and readers apart.
public final class AlignedBuffer: @unchecked Sendable {
  public let count: Int
  public let pointer: UnsafeMutablePointer<Double>

  /// - Precondition: `count >= 0`.
  public init(count: Int) {
    precondition(count >= 0)
    self.count = count
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Double>.stride, alignment: 64)
    pointer = bytes.bindMemory(to: Double.self, capacity: count)
    pointer.initialize(repeating: 0, count: count)
  }

  deinit {
    UnsafeMutableRawPointer(pointer).deallocate()
  }

  /// - Precondition: `0 <= index < count`, checked in debug builds.
  public subscript(index: Int) -> Double {
    get {
      assert(index >= 0 && index < count)
      return pointer[index]
    }
    set {
      assert(index >= 0 && index < count)
      pointer[index] = newValue
    }
  }
}
