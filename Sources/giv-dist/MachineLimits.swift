import Communication
import Frames
import LinearAlgebra

/// What this machine's ranks reach together: a matrix product in cache, and a triad from memory.
struct MachineLimits {
  let flopsPerSecond: Double
  let bytesPerSecond: Double

  /// The best of several runs on all ranks at once, summed over ranks. Collective.
  static func measure(on communicator: any Communicator) throws -> MachineLimits {
    let clock = ContinuousClock()
    func best(_ count: Int, _ body: () -> Void) throws -> Double {
      body()
      return try (0..<count).map { _ in
        try communicator.barrier()
        return clock.measure(body) / .seconds(1)
      }.min()!
    }
    let order = 512
    let a = Matrix(rows: order, columns: order, repeating: 1.5)
    var product = a
    let gemm = try best(10) { product = BLAS.product(a, a) }
    precondition(product[0, 0] > 0)

    // Far larger than the caches.
    let count = 1 << 23
    let (x, y, z) = (AlignedBuffer(count: count), AlignedBuffer(count: count), AlignedBuffer(count: count))
    let triad = try best(5) {
      let (x, y, z) = (x.pointer, y.pointer, z.pointer)
      for i in 0..<count { x[i] = y[i] + 3 * z[i] }
    }
    let flops = 2 * Double(order * order * order) / gemm
    let bytes = 3 * Double(count * MemoryLayout<Double>.stride) / triad
    let all = try communicator.allGather(elements: [flops, bytes])
    return MachineLimits(
      flopsPerSecond: all.reduce(0) { $0 + $1[0] }, bytesPerSecond: all.reduce(0) { $0 + $1[1] })
  }
}

/// Random rows for benchmarks.
enum BenchmarkTable {
  /// Standard normal columns, the last one the treatment. Collective.
  static func make(rows: Int, columns: Int, on communicator: any Communicator) throws -> Frame {
    let random = CounterRandom(seed: 1, stream: .test)
    let values = (0..<columns).map { column in (0..<rows).map { random.normal(row: $0, draw: column) } }
    return try Frame(
      rows: DistributedRows(rowCount: rows, communicator: communicator), covariates: Array(values.dropLast()),
      treatment: values[columns - 1])
  }
}
