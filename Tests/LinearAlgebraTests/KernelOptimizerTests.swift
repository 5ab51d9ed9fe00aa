import LinearAlgebra
import Testing

extension KernelTests {
  @Suite struct Optimizers {
    @Test(arguments: KernelProblem.kernels, [0, 1, 3, 8, 13])
    func `A step of Adam is the formula of each parameter, bit for bit`(kernel: String, count: Int) throws {
      defer { try? Kernel.select(nil) }
      try Kernel.select(kernel)
      let random = CounterRandom(seed: UInt64(count), stream: .test)
      func numbers(_ draw: Int) -> [Double] { (0..<count).map { random.normal(row: $0, draw: draw) } }
      for isOptimistic in [false, true] {
        let (gradient, before, slopes, directions) = (numbers(0), numbers(1), numbers(2), numbers(3))
        let squares = numbers(4).map { $0 * $0 }
        var found = (before, slopes, squares, directions)
        Kernel.adamStep(
          Kernel.AdamStep(
            learningRate: 0.1, beta1: 0.9, beta2: 0.99, correction1: 1.5, correction2: 2.5, epsilon: 1e-3,
            weightDecay: 0.25, isOptimistic: isOptimistic),
          gradient: gradient[...], parameters: &found.0, firstMoments: &found.1, secondMoments: &found.2,
          directions: &found.3)
        for i in 0..<count {
          let slope = gradient[i] + 0.25 * before[i]
          let first = 0.9 * slopes[i] + (1 - 0.9) * slope
          let second = 0.99 * squares[i] + (1 - 0.99) * slope * slope
          let direction = first * 1.5 / ((second * 2.5).squareRoot() + 1e-3)
          let move = isOptimistic ? 2 * direction - directions[i] : direction
          #expect(found.0[i] == before[i] - 0.1 * move)
          #expect(found.1[i] == first && found.2[i] == second)
          #expect(found.3[i] == (isOptimistic ? direction : directions[i]))
        }
      }
    }
  }
}
