import Communication
import Diagnostics
import LinearAlgebra
import Networks
import Runs

/// The training of a network that gives the law of a variable: minibatches of rows, steps of Adam, a learning rate that falls
/// to 0 along half a cosine. Some rows are held out to judge. Where the others come up more than once and the last parameters are
/// worse for these than earlier ones by more than chance, the training has learned rows by heart, and the best ones are taken.
final class ConditionalTraining: RowwiseProblem {
  private let source: ModelRows
  private let variables: [Int]
  private let law: ConditionalNetwork.Law
  private let inputs: NetworkInputs
  private let target: Standardization?
  private let shape: NetworkShape
  /// Of the noise that flows begin with.
  private let noise: CounterRandom
  private let block: NetworkBlock
  /// The values of a block's rows, as they were fetched, and what outputs are compared with.
  private let raw: AlignedBuffer
  private let targets: AlignedBuffer
  /// Rows that judge, on every rank; nil of few rows.
  private let heldOut: MinibatchWindow?
  /// Whether rows come up more than once.
  private let repeatsRows: Bool

  /// Collective.
  ///
  /// - Parameters:
  ///   - variables: the parents and the variable.
  ///   - target: of the variable; nil for a category.
  /// - Throws: on all ranks the same failure to read rows.
  init(
    _ source: ModelRows, _ variables: [Int], law: ConditionalNetwork.Law, inputs: NetworkInputs,
    target: Standardization?, shape: NetworkShape, _ options: ModelOptions, seed: UInt64
  ) throws {
    (self.source, self.variables, self.law, self.inputs) = (source, variables, law, inputs)
    (self.target, self.shape) = (target, shape)
    noise = CounterRandom(seed: seed, stream: .flowNoise)
    block = NetworkBlock(shape)
    let width = target?.width ?? 1
    raw = AlignedBuffer(count: (inputs.rawWidth + width) * NetworkBlock.stride)
    // Noise comes two by two.
    targets = AlignedBuffer(count: (width + 1) / 2 * 2 * NetworkBlock.stride)
    rowWidth = inputs.rawWidth + width
    let count = source.rows.rowCount
    let visited = options.steps * options.batchSize
    repeatsRows = visited > count
    // Where no row comes up twice, those judge that do not come up at all: they are behind the others in the first epoch.
    let order = RowPermutation(count: count, seed: seed, index: repeatsRows ? Self.heldOutOrder : 0)
    let first = repeatsRows ? 0 : visited
    let judges = (first..<first + min(repeatsRows ? count / 10 : count - visited, Self.mostHeldOut)).map { order[$0] }
      .sorted()
    guard count >= Self.leastRows, !judges.isEmpty else {
      (trainingRows, heldOut) = (nil, nil)
      return
    }
    let isJudge = Set(judges)
    trainingRows = repeatsRows ? (0..<count).filter { !isJudge.contains($0) } : nil
    heldOut = try MinibatchWindow(fetching: judges, from: source.rows, width: rowWidth) {
      try source.copy($0, variables)
    }
  }

  /// Fewer rows hold none out.
  private static let leastRows = 100
  private static let mostHeldOut = 4096
  /// An order of the rows that is none of an epoch.
  private static let heldOutOrder = Int(UInt32.max)

  let trainingRows: [Int]?
  var rows: DistributedRows { source.rows }
  let rowWidth: Int
  /// A step of 2,000 parameters on two blocks takes some tenths of a millisecond, and messages between processes of one host
  /// a tenth of that; those of a slow network may take as long.
  var sharedBlockCount: Int { shape.parameterCount > 2000 ? 2 : 32 }

  func rowCopy(chunk: Int) throws -> MinibatchWindow.RowCopy { try source.copy(chunk, variables) }

  func addGradient(
    ofBlock index: Int, of minibatch: Minibatch, parameters: UnsafePointer<Double>,
    to gradient: UnsafeMutablePointer<Double>
  ) -> Double {
    minibatch.copy(0..<rowWidth, ofBlock: index, to: raw.pointer)
    let loss = loss(
      ofRows: minibatch.rows(ofBlock: index), of: minibatch.rowCount, step: minibatch.step, parameters: parameters)
    shape.backward(block, parameters: parameters, addingTo: gradient)
    return loss
  }

  /// The part of a mean loss over `count` rows that the rows have whose values were fetched, and its gradient in the block.
  private func loss(
    ofRows rows: ArraySlice<Int>, of count: Int, step: Int, parameters: UnsafePointer<Double>
  ) -> Double {
    block.rowCount = rows.count
    let leading = ConditionalNetwork.leadingWidth(law, width: target?.width ?? 1)
    inputs.encode(raw.pointer, rowCount: block.rowCount, to: block.input + leading * NetworkBlock.stride)
    let own = raw.pointer + inputs.rawWidth * NetworkBlock.stride
    target?.standardize(own, rowCount: block.rowCount)
    var compared = UnsafePointer(own)
    if case .flow = law {
      startFlow(to: own, rows: rows, step: step)
      compared = UnsafePointer(targets.pointer)
    }
    shape.forward(block, parameters: parameters)
    return ConditionalNetwork.loss(law).evaluate(
      block, outputCount: shape.outputCount, targets: compared, stride: NetworkBlock.stride,
      scale: 1 / Double(count))
  }

  /// The losses of the rows that are held out, block by block as parts of their mean, with the same noise whenever they are
  /// asked for; the same on all ranks.
  private func judgement(_ window: MinibatchWindow, _ parameters: [Double], steps: Int) -> [Double] {
    stride(from: 0, to: window.batchSize, by: NetworkBlock.longest).map { first in
      let places = first..<min(first + NetworkBlock.longest, window.batchSize)
      window.copy(0..<rowWidth, ofStep: 0, places: places, to: raw.pointer, stride: NetworkBlock.stride)
      return loss(
        ofRows: window.rows(ofStep: 0, places: places), of: window.batchSize, step: steps, parameters: parameters)
    }
  }

  /// Whether draws by a network have what the rows have that were held out; nil without such rows.
  func judge(_ network: ConditionalNetwork, layout: RowLayout, seed: UInt64) -> HeldOutFit? {
    guard let heldOut else { return nil }
    let count = heldOut.batchSize
    var fit = HeldOutFit.Sums(inputs: inputs.singles, target: target, levelCount: shape.outputCount)
    var rows = RowBlock(layout)
    let random = NodeRandom(random: CounterRandom(seed: seed, stream: .interventionalNumbers), first: 0)
    for first in stride(from: 0, to: count, by: NetworkBlock.longest) {
      let places = first..<min(first + NetworkBlock.longest, count)
      heldOut.copy(0..<rowWidth, ofStep: 0, places: places, to: raw.pointer, stride: NetworkBlock.stride)
      rows.take(places)
      var column = raw.pointer
      for variable in variables.dropLast() {
        for component in 0..<rows.width(of: variable) {
          for index in 0..<places.count {
            if layout.widths[variable] == 0 {
              rows[variable, index] = Int32(column[index])
            } else {
              rows[variable, component: component, index] = column[index]
            }
          }
          column += NetworkBlock.stride
        }
      }
      network.draw(into: &rows, random)
      for component in 0..<(target?.width ?? 1) {
        rows.copy(
          network.variable, component: component, rows: 0..<places.count,
          to: targets.pointer + component * NetworkBlock.stride)
      }
      inputs.encode(raw.pointer, rowCount: places.count, to: block.input)
      fit.add(inputs: block.input, found: column, drawn: targets.pointer, rowCount: places.count)
    }
    return fit.completed(rowCount: count)
  }

  /// The random numbers that a row takes in a step of a flow: a time, and noise two by two.
  static func flowDraws(width: Int) -> Int { 1 + (width + 1) / 2 }

  /// Puts every row at a time t of chance between noise e and its value y, at (1 - t) e + t y, where it moves by y - e.
  private func startFlow(to values: UnsafePointer<Double>, rows: ArraySlice<Int>, step: Int) {
    let (width, stride) = (target!.width, NetworkBlock.stride)
    let (first, numbers) = (step * Self.flowDraws(width: width), rows.map(Int64.init))
    for pair in 0..<(width + 1) / 2 {
      let column = targets.pointer + 2 * pair * stride
      noise.normalPairs(of: numbers, draw: first + 1 + pair, to: column, column + stride)
    }
    let times = rows.map { noise.uniform(row: $0, draw: first) }
    for column in Swift.stride(from: 0, to: width * stride, by: stride) {
      for (index, time) in times.enumerated() {
        let (noise, value) = (targets[column + index], values[column + index])
        block.input[column + index] = (1 - time) * noise + time * value
        targets[column + index] = value - noise
      }
    }
    for (index, time) in times.enumerated() {
      ConditionalNetwork.fillTime(time, rows: index..<index + 1, block.input + width * stride)
    }
  }
}

/// Where a training stands.
private struct TrainingState: Codable {
  var trainer: Trainer
  /// Rounds, after each of which it can stop and go on later.
  let rounds: Int
  var round = 0
  /// Of the last round, per row.
  var loss: Double?
  /// The losses of the rows that are held out after this round and after the best one, with the parameters of that; empty
  /// without such rows.
  var judgement: [Double] = []
  var best: [Double] = []
  var bestParameters: [Double] = []

  /// Those after the last round, or the best where the last are worse by more than two standard errors of the difference.
  var parameters: [Double] {
    let differences = zip(judgement, best).map { $0 - $1 }
    guard differences.count > 1 else { return trainer.parameters }
    let (sum, count) = (differences.reduce(0, +), Double(differences.count))
    let square = differences.reduce(0) { $0 + ($1 - sum / count) * ($1 - sum / count) }
    return sum > 2 * (square * count / (count - 1)).squareRoot() ? bestParameters : trainer.parameters
  }

  var progress: Journal.Progress {
    var values: [String: PassRecord.Value] = [:]
    if let loss { values["loss"] = .number(loss) }
    if !judgement.isEmpty { values["heldOut"] = .number(judgement.reduce(0, +)) }
    return Journal.Progress(passes: round, values: values, remaining: .exactly(rounds - round))
  }
}

extension ConditionalTraining {
  private static let rounds = 100

  /// The parameters after all steps. Collective.
  ///
  /// - Parameter name: of the variable, for messages.
  /// - Throws: on all ranks the same ``Failure``, `numerical` when the training left the range of numbers.
  func train(
    from start: [Double], _ options: ModelOptions, seed: UInt64, name: String, in journal: Journal
  ) throws -> [Double] {
    let rate = options.learningRate
    let optimizer = Adam(parameterCount: start.count, learningRate: rate)
    let trainer = Trainer(parameters: start, optimizer: optimizer, batchSize: options.batchSize, seed: seed)
    let (rounds, steps) = (min(Self.rounds, options.steps), options.steps)
    return try journal.run(
      "model of \(name)", from: TrainingState(trainer: trainer, rounds: rounds), progress: \.progress,
      outcome: \.parameters
    ) { state, keep in
      var state = state
      while state.round < rounds {
        let own = steps * (state.round + 1) / rounds - steps * state.round / rounds
        let loss = try state.trainer.train(self, steps: own) { step in
          rate * (1 + Elementary.cos(Double.pi * Double(step) / Double(steps))) / 2
        }
        guard loss.isFinite else {
          throw Failure(
            .numerical,
            "the training of the model of '\(name)' left the range of numbers by step \(state.trainer.stepCount); look "
              + "for extreme values, or give a smaller --learning-rate than \(rate)")
        }
        state.loss = loss
        if let heldOut, repeatsRows {
          state.judgement = judgement(heldOut, state.trainer.parameters, steps: steps)
          if state.best.isEmpty || state.judgement.reduce(0, +) < state.best.reduce(0, +) {
            (state.best, state.bestParameters) = (state.judgement, state.trainer.parameters)
          }
        }
        state.round += 1
        // Ranks agree in sums when to save, and steps need not make any.
        _ = try rows.sum([0.0]) { _, _ in }
        try keep(state)
      }
      return state
    }
  }
}
