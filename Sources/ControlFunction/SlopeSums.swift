import Communication
import LinearAlgebra
import Mixture

/// The sums from which the step of β is made where the coefficient of V varies with the row: D = κ_k + λ'C.
///
/// With e the outcome's residual, q = 1/σ_k² + D²/τ_k² and z = (V/σ_k² - D e/τ_k²) / q the step is the regression of z on ρ with
/// weights γ q, exactly: β_k moves V and e by linear forms of ρ. D and e take the step of the outcome's coefficients before it, so
/// the sums need a pass of their own; the posteriors are those of the pass before, and so both steps are of one E step.
struct SlopeSums: Reducible {
  private let grams: PackedTable
  private let order: Int
  var summands: [Double]

  init(_ model: JointMixture) {
    order = model.selectionCount + 1
    var packing = Packing()
    grams = packing.table(model.groupCount, PackedTriangle.count(order: order))
    summands = packing.zeros
  }

  /// Σ γ q ρρ' and Σ γ q ρ z of a group.
  func normal(_ group: Int) -> (information: Matrix, gradient: [Double]) {
    let gram = Matrix(packedTriangle: summands[grams.row(group)], order: order)
    return (gram.leading(order - 1), (0..<order - 1).map { gram[$0, order - 1] })
  }

  /// Adds a chunk.
  ///
  /// - Parameters:
  ///   - model: with the outcome's coefficients and deviations after their step.
  ///   - weights: w γ by group and row, times u of a t law, padded with zeros; they are lost.
  mutating func add(
    _ block: Kernel.Block, _ model: JointMixture, weights: UnsafeMutablePointer<Double>, stride: Int
  ) {
    withGroupWeights(3, rowCount: block.rowCount) { scratch, width in
      let (v, e, d) = (scratch, scratch + width, scratch + 2 * width)
      let z = UnsafePointer(e)
      let columns = (0..<order - 1).map { block.columns[$0] } + [z]
      for k in 0..<model.groupCount {
        let (own, kappa) = (weights + k * stride, model.endogeneities[k])
        let precision = 1 / (model.selectionDeviations[k] * model.selectionDeviations[k])
        let outcomePrecision = 1 / (model.outcomeDeviations[k] * model.outcomeDeviations[k])
        block.evaluate(model.selectionResidual(k), into: v)
        block.evaluate(model.outcomeResidual(k), into: e)
        model.fillVariation(d, block)
        for row in 0..<block.rowCount {
          let residual = e[row] - d[row] * v[row]
          let pull = kappa + d[row]
          let q = precision + outcomePrecision * pull * pull
          e[row] = (precision * v[row] - outcomePrecision * pull * residual) / q
          own[row] *= q
        }
        columns.withUnsafeBufferPointer { columns in
          summands.withUnsafeMutableBufferPointer { sums in
            Kernel.addWeightedGram(
              of: Kernel.Block(columns: columns.baseAddress!, columnCount: order, rowCount: block.rowCount),
              weights: own, groupCount: 1, stride: stride, to: sums.baseAddress! + grams[k, 0])
          }
        }
      }
    }
  }
}

/// What one pass of EM leaves for the M step of a joint mixture.
package struct JointSums {
  package var statistics: SufficientStatistics
  /// Nil where the coefficient of V is κ_k, or the first step finds no regular point.
  let slopes: SlopeSums?
}

extension Design {
  /// The sums of a pass by ``statisticsByDifference(of:)``, and of a second one where models need it. Collective.
  ///
  /// - Parameter byteLimit: how much of this rank's posteriors may be kept for the second; more are computed again.
  package func jointSums(
    of models: [JointMixture], keeping byteLimit: Int = PosteriorStore.byteLimit
  ) throws -> [JointSums] {
    let store = PosteriorStore(
      rows, groupCounts: models.map { $0.interactions == nil ? 0 : $0.groupCount }, byteLimit: byteLimit)
    let statistics = try statisticsByDifference(of: models, keepingIn: store)
    let next = zip(models, statistics).map { $0.afterOutcomeStep($1) }
    let slopes = try slopeSums(next, posteriorsOf: models, on: self, keptIn: store)
    return zip(statistics, slopes).map { JointSums(statistics: $0, slopes: $1) }
  }

  /// The sums of this design's columns for the M step of a model, with the posteriors of another on another design of the same
  /// rows. Collective.
  func jointSums(of model: JointMixture, posteriorsOf other: JointMixture, on design: Design) throws -> JointSums {
    let statistics = try self.statistics(of: model, posteriorsOf: other, on: design)
    let slopes = try slopeSums([model.afterOutcomeStep(statistics)], posteriorsOf: [other], on: design)
    return JointSums(statistics: statistics, slopes: slopes[0])
  }

  /// - Parameters:
  ///   - models: after the step of the outcome; nil where no sums are needed.
  ///   - store: has the posteriors of the others, where they were kept; they are lost.
  private func slopeSums(
    _ models: [JointMixture?], posteriorsOf others: [JointMixture], on design: Design,
    keptIn store: PosteriorStore? = nil
  ) throws -> [SlopeSums?] {
    let needed = models.indices.filter { models[$0] != nil }
    guard !needed.isEmpty else { return models.map { _ in nil } }
    let steps = needed.map { (index: $0, model: models[$0]!, forms: others[$0].forms) }
    let sums = try rows.sum(Batch(steps.map { SlopeSums($0.model) })) { partial, chunk in
      try withBlock(ofChunk: chunk, beside: design) { other, own, weights in
        for (place, step) in steps.enumerated() {
          let groups = step.model.groupCount
          if let store, let gamma = store.weights(step.index, chunk) {
            partial.parts[place].add(own, step.model, weights: gamma, stride: store.stride)
            continue
          }
          withGroupWeights(groups, rowCount: own.rowCount) { gamma, stride in
            other.fillPosteriors(gamma, stride: stride, of: step.forms, groupCount: groups, weights: weights)
            partial.parts[place].add(own, step.model, weights: gamma, stride: stride)
          }
        }
      }
    }.parts
    var result = [SlopeSums?](repeating: nil, count: models.count)
    for (place, index) in needed.enumerated() { result[index] = sums[place] }
    return result
  }
}

extension JointMixture {
  /// λ'C of each row, by which the coefficient of V varies.
  func fillVariation(_ target: UnsafeMutablePointer<Double>, _ block: Kernel.Block) {
    target.update(repeating: 0, count: block.rowCount)
    guard let interactions else { return }
    for (column, lambda) in zip(interactions.columns, interactions.coefficients) {
      let values = block.columns[column]!
      for row in 0..<block.rowCount { target[row] += lambda * values[row] }
    }
  }

  /// The model after the step of (b, δ, κ, λ) and τ that its slopes wait for; nil where they do not, or that step fails.
  fileprivate func afterOutcomeStep(_ statistics: SufficientStatistics) -> JointMixture? {
    guard interactions != nil else { return nil }
    var model = self
    do { _ = try model.maximizeOutcome(statistics) } catch { return nil }
    return model
  }
}
