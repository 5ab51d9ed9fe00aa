import CausalGraphs
import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Networks
import Runs

/// The models of a plan, each learned on rows of its own variables: those of the data, then of each generated table.
struct SampledModels {
  private let options: NetworkOptions
  private let plan: IdentificationPlan
  /// How many of the models are those of free inputs.
  private let freeCount: Int
  /// Of the free inputs, of the generated tables and of the network, one after the other.
  private let models: [IdentificationPlan.Model]
  private let variables: GraphVariables
  private let frame: Frame
  private let run: Run

  init(
    _ options: NetworkOptions, _ plan: IdentificationPlan, _ free: [IdentificationPlan.Model],
    _ variables: GraphVariables, _ frame: Frame, _ run: Run
  ) {
    (self.options, self.plan, freeCount) = (options, plan, free.count)
    models = free + plan.generated.flatMap(\.models) + plan.network
    (self.variables, self.frame, self.run) = (variables, frame, run)
  }

  private var data: ModelRows { variables.rows(of: frame) }

  /// In the order of the models.
  func learn() throws -> [ConditionalModel] {
    let kinds = try models.map(kind)
    var learned = [ConditionalModel?](repeating: nil, count: models.count)
    var next = freeCount
    for table in 0...plan.generated.count {
      let own = models.indices.filter { models[$0].table == table }
      let counted = own.filter { kinds[$0] == .table }
      let others = own.filter { kinds[$0] != .table }
      let scopes = counted.map { (models[$0].parents + [models[$0].variable]).sorted() }
      let laws: [SoundFactor]
      let source: ModelRows
      if table == 0 {
        let tables = scopes.map { JointCounts.Table(scope: $0, blocks: 1) }
        let sums = try run.pass("counts", frame.rows.rowCount) { try JointCounts.sum(variables, tables, over: frame) }
        let counts = JointCounts(variables, tables, counts: sums)
        laws = scopes.indices.map { counts.blocks(of: $0)[0].share(of: Double(frame.rows.rowCount)) }
        source = data
      } else {
        let makers = plan.generated[table - 1].models.count
        let rows = try generated(table, by: learned[next..<next + makers].map { $0! })
        next += makers
        let sums =
          scopes.isEmpty
          ? [] : try run.pass("generated rows \(table)", rows.rows.rowCount) { try rows.sum(scopes) }
        laws = rows.tables(of: scopes, sums: sums)
        source = others.isEmpty ? data : try rows.kept(kept(others))
      }
      for (index, law) in zip(counted, laws) {
        let rowCount = table == 0 ? frame.rows.rowCount : options.expand * frame.rows.rowCount
        learned[index] = .table(
          ConditionalTable(models[index], law.law(of: models[index], rows: Double(rowCount))))
      }
      for index in others { learned[index] = try model(models[index], kinds[index], index, on: source) }
    }
    return learned.map { $0! }
  }

  /// Rows whose first variables are drawn, each by itself: levels alike, numbers from the data.
  private func generated(_ table: Int, by makers: [ConditionalModel]) throws -> GeneratedRows {
    let drawn: [ConditionalModel] = try plan.generated[table - 1].drawn.map { place in
      guard !variables.isCategory(place) else {
        return .table(ConditionalTable(uniform: place, levelCount: variables.levels[place].count))
      }
      return .rows(try data.sample(of: [place], variables, seed: options.seed &+ UInt64(place)))
    }
    return GeneratedRows(
      sampler: RowSampler(
        drawn + makers, variableCount: variables.names.count,
        levels: CounterRandom(seed: options.seed, stream: .generatedRows),
        numbers: CounterRandom(seed: options.seed, stream: .generatedNumbers)),
      stage: table, variables: variables,
      rows: DistributedRows(
        rowCount: options.expand * frame.rows.rowCount, communicator: frame.rows.communicator))
  }

  /// The numbers of a generated row that networks are trained on; the most of a table.
  func keptNumbers() throws -> Int {
    let kinds = try models.map(kind)
    return (0..<plan.generated.count).map { table in
      kept(models.indices.filter { models[$0].table == table + 1 && kinds[$0] != .table })
        .reduce(0) { $0 + max(1, variables.layout.widths[$1]) }
    }.max() ?? 0
  }

  /// The variables that some models are of or read.
  private func kept(_ indices: [Int]) -> [Int] {
    Set(indices.flatMap { models[$0].parents + [models[$0].variable] }).sorted()
  }

  /// All models as they would be.
  func described() throws -> [NetworkPlan.Model] {
    try models.map { model in
      let (kind, place) = (try kind(of: model), model.variable)
      let parents = model.parents.sorted()
      let parameters: Int
      switch kind {
      case nil:
        let width = max(1, variables.layout.widths[place])
        let rowCount = (model.table == 0 ? 1 : options.expand) * frame.rows.rowCount
        parameters = EmpiricalRows.rowCount(of: rowCount, width: width) * width
      case .table?: parameters = Int(variables.size(parents + [place]))
      case let kind?:
        let target = variables.numbers[place]?.standardization
        parameters =
          ConditionalNetwork.shape(
            law(kind), variables.inputs(parents), target, variables.levels[place].count, options.models
          ).parameterCount
      }
      return NetworkPlan.Model(
        variable: variables.names[place], parents: parents.map { variables.names[$0] }, generatedTable: model.table,
        kind: kind?.rawValue ?? "rows", parameters: parameters,
        steps: [.softmax, .mixture, .flow].contains(kind) ? options.models.steps : 0)
    }
  }

  // MARK: Kinds

  /// What the network of a kind gives; of a linear model, errors yet to be found.
  private func law(_ kind: ModelKind) -> ConditionalNetwork.Law {
    switch kind {
    case .softmax: .softmax
    case .mixture: .mixture(components: options.models.components)
    case .flow: .flow(steps: options.models.eulerSteps)
    case .gaussian: .gaussian(deviation: 0)
    case .table: preconditionFailure("tables are counted")
    }
  }

  /// - Throws: ``Failure`` `usage` when the kind that is asked for is none of the variable's, `data` when a table is too
  ///   large.
  private func kind(of model: IdentificationPlan.Model) throws -> ModelKind? {
    let (name, place) = (variables.names[model.variable], model.variable)
    let isCategory = variables.isCategory(place)
    let isCounted = isCategory && model.parents.allSatisfy(variables.isCategory)
    let asked = options.models.kinds[name]
    func refuse(_ what: String, _ remedy: String) -> Failure {
      Failure(.usage, "--model \(name)=\(asked!.rawValue): '\(name)' \(what); give \(remedy)")
    }
    switch asked {
    case .table? where !isCategory:
      throw refuse("is no category", "mixture, gaussian or flow, or --categorical \(name)")
    case .table? where !isCounted: throw refuse("depends on numbers", "softmax")
    case .softmax? where !isCategory: throw refuse("is no category", "mixture, gaussian or flow")
    case .gaussian?, .mixture?, .flow?:
      if isCategory { throw refuse("is a category", "table or softmax, or --real \(name)") }
      if asked != .flow, variables.columns[place].width > 1 { throw refuse("holds vectors", "flow") }
    default: break
    }
    // What depends on nothing is drawn from its rows.
    if model.parents.isEmpty { return isCategory ? .table : nil }
    let kind =
      asked ?? (isCounted ? .table : isCategory ? .softmax : variables.columns[place].width > 1 ? .flow : .mixture)
    if kind == .flow { try requireDraws(place) }
    let cells = variables.size((model.parents + [place]).filter(variables.isCategory))
    guard kind != .table || cells <= NetworkEstimation.mostCells else {
      throw Failure(
        .data,
        "the law of '\(name)' given \(model.parents.map { variables.names[$0] }.joined(separator: ", ")) has \(cells) "
          + "probabilities, more than the \(Int(NetworkEstimation.mostCells)) that a table may have; join levels, leave "
          + "variables out of the graph, or give --model \(name)=softmax")
    }
    return kind
  }

  /// - Throws: ``Failure`` `usage` when the training of a flow needs more random numbers for a row than there are.
  private func requireDraws(_ place: Int) throws {
    let perStep = ConditionalTraining.flowDraws(width: variables.columns[place].width)
    let most = Int(UInt32.max) / perStep
    guard options.models.steps > most else { return }
    throw Failure(
      .usage,
      "--steps \(options.models.steps): the flow of '\(variables.names[place])' takes \(perStep) random numbers a row and step, and "
        + "a row has 4294967295; give at most \(most) --steps")
  }

  // MARK: One model

  private func model(
    _ model: IdentificationPlan.Model, _ kind: ModelKind?, _ index: Int, on source: ModelRows
  ) throws -> ConditionalModel {
    guard let kind else { return .rows(try source.sample(of: [model.variable], variables, seed: options.seed)) }
    let parents = model.parents.sorted()
    let (own, inputs) = (parents + [model.variable], variables.inputs(parents))
    let target = variables.numbers[model.variable]?.standardization
    func network(_ law: ConditionalNetwork.Law, _ network: Network) -> ConditionalNetwork {
      ConditionalNetwork(
        variable: model.variable, parents: parents, law: law, network: network, inputs: inputs, target: target)
    }
    if kind == .gaussian {
      let (parameters, deviation) = try LinearGaussian.fit(source, own, inputs: inputs, target: target!)
      let law = ConditionalNetwork.Law.gaussian(deviation: deviation)
      let shape = ConditionalNetwork.shape(law, inputs, target, 0, options.models)
      return .network(network(law, Network(shape, parameters: parameters)))
    }
    let law = law(kind)
    let shape = ConditionalNetwork.shape(
      law, inputs, target, variables.levels[model.variable].count, options.models)
    // Each model has minibatches and weights of its own.
    let seed = options.seed &+ 0x9E37_79B9_7F4A_7C15 &* UInt64(index + 1)
    let start = ConditionalNetwork.start(law, shape, seed: seed)
    let training = try ConditionalTraining(
      source, own, law: law, inputs: inputs, target: target, shape: shape, options.models, seed: seed)
    let parameters = try training.train(
      from: start, options.models, seed: seed, name: variables.names[model.variable], in: run.journal)
    var trained = network(law, Network(shape, parameters: parameters))
    trained.heldOut = training.judge(trained, layout: variables.layout, seed: seed)
    return .network(trained)
  }
}

extension ConditionalNetwork {
  /// The architecture of a law's network.
  static func shape(
    _ law: Law, _ inputs: NetworkInputs, _ target: Standardization?, _ levelCount: Int, _ options: ModelOptions
  ) -> NetworkShape {
    let width = target?.width ?? 1
    var hidden: [Layer] = []
    switch law {
    case .gaussian: break
    case .flow: hidden = options.hiddenWidths(law).map { .dense($0, .leakyRelu(slope: 0.1)) }
    case .softmax, .mixture: hidden = options.hiddenWidths(law).map { .dense($0, .tanh) }
    }
    return NetworkShape(
      inputs: leadingWidth(law, width: width) + inputs.width,
      layers: hidden + [.dense(outputCount(law, levelCount: levelCount, width: width))])
  }

  /// Random weights; the components of a mixture begin side by side.
  static func start(_ law: Law, _ shape: NetworkShape, seed: UInt64) -> [Double] {
    if case .flow = law { return Network(shape, start: .kaiming, seed: seed).parameters }
    var parameters = Network(shape, start: .xavier, seed: seed).parameters
    if case .mixture(let components) = law, components > 1 {
      let (first, stride) = (shape.outputParameters.lowerBound, shape.outputParameters.count / shape.outputCount)
      for k in 0..<components {
        let place = first + (components + k) * stride
        parameters[place] = 3 * Double(k) / Double(components - 1) - 1.5
      }
    }
    return parameters
  }
}

extension ModelRows {
  func sample(of places: [Int], _ variables: GraphVariables, seed: UInt64) throws -> EmpiricalRows {
    try sample(of: places, widths: places.map { max(1, variables.layout.widths[$0]) }, seed: seed)
  }
}

extension Run {
  /// A pass that sums whole numbers.
  func pass(_ name: String, _ rowCount: Int, _ sum: () throws -> [Int64]) throws -> [Int64] {
    let sums = try journal.step(name, sum)
    try journal.end(0) { PassRecord(phase: name, pass: 0, seconds: $0, values: ["rows": .integer(rowCount)]) }
    return sums
  }
}

extension Factor {
  /// Counts of so many rows as shares of them, all of which are observed.
  fileprivate func share(of rows: Double) -> SoundFactor {
    let shares = Factor(scope, sizes: sizes, values: values.map { $0 / rows })
    return SoundFactor(whole: shares, sound: shares)
  }
}
