import CausalGraphs
import Diagnostics
import Networks
import Storage

/// What `idgen.h5` says besides its arrays.
private struct NetworkRecord: Codable {
  static let encodingType = "giv-idgen-network"
  static let encodingVersion = "1.2.0"

  var encodingType = Self.encodingType
  var encodingVersion = Self.encodingVersion
  let options: NetworkOptions
  let isExact: Bool
  let rowCount: Int
  let generatedRowCount: Int
  let variables: [InterventionalNetwork.Variable]
  /// The laws of models that are networks, by where the file holds them.
  let laws: [String: ConditionalNetwork.Law]
  /// Whether they follow rows that were held out; nil in files of version 1.1.0.
  let heldOut: [String: HeldOutFit]?
  let software: [String: String]
  let inputDigest: String
  let networkDigest: String
}

/// The part of a record that all kinds of files have.
private struct RecordKind: Decodable {
  let encodingType: String
}

/// `idgen.h5`: the models of a network, with what is needed to use and to repeat it.
///
/// The attribute `giv-record` holds, as JSON, the options with the graph, the variables, versions and digests; plain
/// attributes say the same for other readers. A model lies at `free/<variable>`, `generated/<number>/<variable>` or
/// `network/<variable>`, with `parents`, their names. A table has `probabilities` and `sound_shares`, of shape [levels of the
/// first parent, .., levels of the variable]; a network has `parameters`, layer after layer, of each the matrix [outputs,
/// 1 + inputs] by rows, constants first; rows of the data are `rows` [rows, numbers], and `free/together` those of all free
/// inputs where one is a number. `levels/<variable>` holds the names of levels.
extension InterventionalNetwork {
  /// The files of a run, in the order in which they get their names.
  public static let fileNames = ["idgen.h5"]

  /// Writes the file under its name once it is complete.
  ///
  /// - Parameter add: writes what else the file is to hold.
  /// - Throws: ``Failure`` `cannotCreate` or `inputOutput`.
  public func save(
    to path: String, inputDigest: String, software: [String: String],
    adding add: (borrowing HDF5File) throws -> Void = { _ in }
  ) throws {
    try HDF5File.writeResults(
      to: path, encodingType: NetworkRecord.encodingType, encodingVersion: NetworkRecord.encodingVersion,
      origin: software.merging(["input-digest": inputDigest]) { $1 }, configuration: options
    ) { file in
      try file.setRecord(
        NetworkRecord(
          options: options, isExact: isExact, rowCount: rowCount, generatedRowCount: generatedRowCount,
          variables: variables,
          laws: Dictionary(
            uniqueKeysWithValues: models.compactMap { path, model in model.network.map { (path, $0.law) } }),
          heldOut: Dictionary(
            uniqueKeysWithValues: models.compactMap { path, model in model.network?.heldOut.map { (path, $0) } }),
          software: software, inputDigest: inputDigest, networkDigest: digest()))
      try file.setAttribute("graph", .string(graph.text))
      try file.setAttribute("network-digest", .string(digest()))
      try file.setAttribute("order", .strings(network.map { graph.names[$0.variables[0]] }))
      for variable in variables where variable.isCategory {
        try file.write(variable.levels, to: "levels/\(variable.name)")
      }
      for (path, model) in models {
        switch model {
        case .table(let table):
          let shape = table.parentLevelCounts + [table.levelCount]
          try file.write(table.probabilities, shape: shape, to: "\(path)/probabilities")
          try file.write(table.soundShares, shape: shape, to: "\(path)/sound_shares")
        case .network(let network): try file.write(network.network.parameters, to: "\(path)/parameters")
        case .rows(let rows):
          try file.write(
            rows.values, shape: [rows.rowCount, rows.values.count / rows.rowCount], to: "\(path)/rows")
        }
        if !model.parents.isEmpty { try file.write(model.parents.map { graph.names[$0] }, to: "\(path)/parents") }
      }
      try add(file)
    }
  }

  /// Reads the network of a run, given by its folder or by the file, with the digest of the rows that it was learned on.
  ///
  /// - Throws: ``Failure`` `noInput` when there is no such file, `data` when it holds no network or was altered.
  public static func load(ofRun run: String) throws -> (network: InterventionalNetwork, inputDigest: String) {
    let path = run.hasSuffix(".h5") ? run : "\(run)/\(fileNames[0])"
    let remedy = "give the folder that giv-dist idgen fit wrote (--out)"
    guard ResolvedPath(path) != nil else { throw Failure(.noInput, "\(path): there is no such file; \(remedy)") }
    let file = try HDF5File.open(path)
    guard try file.record(as: RecordKind.self)?.encodingType == NetworkRecord.encodingType,
      let record = try file.record(as: NetworkRecord.self)
    else { throw Failure(.data, "\(path) holds no network of models; \(remedy)") }
    let altered = Failure(.data, "\(path) was altered: its models do not fit its graph; run idgen fit again")
    let (options, variables) = (record.options, record.variables)
    let graph = try MixedGraph(text: options.graph, file: path)
    guard graph.names == variables.map(\.name), variables.allSatisfy({ $0.levels.count > 1 || $0.numbers != nil }),
      let query = CausalQuery(options, graph), let identified = try? Identification(of: query, in: graph).plan()
    else { throw altered }
    let plan = identified.answering(numbers: { !variables[$0].isCategory })
    func numbers(_ path: String, _ isShape: ([Int]) -> Bool) throws -> [Double] {
      let dataset = try file.dataset(path)
      guard try isShape(dataset.shape()) else { throw altered }
      return try dataset.read()
    }
    func rows(_ places: [Int], _ path: String) throws -> ConditionalModel {
      let widths = places.map { variables[$0].numbers?.width ?? 1 }
      let width = widths.reduce(0, +)
      let values = try numbers("\(path)/rows") { $0.count == 2 && $0[0] > 0 && $0[1] == width }
      return .rows(EmpiricalRows(variables: places, widths: widths, values: values))
    }
    func table(_ model: IdentificationPlan.Model, _ path: String) throws -> ConditionalModel {
      let parents = model.parents.sorted()
      let (counts, levelCount) = (
        parents.map { variables[$0].levels.count }, variables[model.variable].levels.count
      )
      let (probabilities, shares) = try (
        numbers("\(path)/probabilities") { $0 == counts + [levelCount] },
        numbers("\(path)/sound_shares") { $0 == counts + [levelCount] }
      )
      guard (probabilities + shares).allSatisfy({ (0...1.000001).contains($0) }) else { throw altered }
      return .table(
        ConditionalTable(
          variable: model.variable, parents: parents, levelCount: levelCount, parentLevelCounts: counts,
          probabilities: probabilities, soundShares: shares))
    }
    func model(_ model: IdentificationPlan.Model, _ folder: String) throws -> ConditionalModel {
      let path = "\(folder)/\(graph.names[model.variable])"
      guard let law = record.laws[path] else {
        return variables[model.variable].isCategory ? try table(model, path) : try rows([model.variable], path)
      }
      let (parents, variable) = (model.parents.sorted(), variables[model.variable])
      let (inputs, target) = (NetworkInputs(parents.map { variables[$0] }), variable.numbers?.standardization)
      let shape = ConditionalNetwork.shape(law, inputs, target, variable.levels.count, options.models)
      return .network(
        ConditionalNetwork(
          variable: model.variable, parents: parents, law: law,
          network: Network(shape, parameters: try numbers("\(path)/parameters") { $0 == [shape.parameterCount] }),
          inputs: inputs, target: target, heldOut: record.heldOut?[path]))
    }
    let free = plan.freeModels { variables[$0].isCategory }
    let network = InterventionalNetwork(
      options: options, graph: graph, plan: plan, isExact: record.isExact, rowCount: record.rowCount,
      generatedRowCount: record.generatedRowCount, variables: variables,
      free: free.count < plan.freeInputs.count
        ? [
          try rows(
            plan.freeInputs, plan.freeInputs.count == 1 ? "free/\(graph.names[plan.freeInputs[0]])" : "free/together")
        ]
        : try free.map { try model($0, "free") },
      generated: try plan.generated.enumerated().map { index, generated in
        try generated.models.map { try model($0, "generated/\(index + 1)") }
      },
      network: try plan.network.map { try model($0, "network") })
    guard network.digest() == record.networkDigest else { throw altered }
    return (network, record.inputDigest)
  }
}

extension CausalQuery {
  /// The question of a network's options; nil when it is none of the graph's.
  fileprivate init?(_ options: NetworkOptions, _ graph: MixedGraph) {
    let parts = [options.intervened, options.outcome, options.given].map { names in
      names.compactMap { graph.names.firstIndex(of: $0) }
    }
    let count = options.intervened.count + options.outcome.count + options.given.count
    guard Set(parts.joined()).count == count, !parts[1].isEmpty else { return nil }
    self.init(intervened: Set(parts[0]), outcome: Set(parts[1]), given: Set(parts[2]))
  }
}
