import ControlFunction
import Diagnostics
import Frames
import LinearAlgebra
import Mixture
import Storage

/// What `model.h5` says besides its arrays.
private struct ModelRecord: Codable {
  static let encodingType = "giv-model"
  static let encodingVersion = "1.0.0"

  var encodingType = Self.encodingType
  var encodingVersion = Self.encodingVersion
  let configuration: Configuration
  let representation: Representation
  /// The joint model, whole.
  let joint: JointModel?
  let covariateNames: [String]
  /// Absent in the models of earlier programs, whose covariates were taken for numbers.
  let covariates: [Covariate]?
  let treatmentName: String
  let software: [String: String]
  /// Of the grid over whose chunks sums were made.
  let chunkRows: Int?
  let inputDigest: String
  let modelDigest: String
}

/// The part of a record that all kinds of files have.
private struct RecordKind: Decodable {
  let encodingType: String
}

/// `model.h5`: the parameters of every block, with what is needed to use and to repeat them.
///
/// The attribute `giv-record` holds, as JSON, the configuration, the representation, the names of the columns, versions,
/// the rows of a chunk and digests. Datasets: `scaling/centers` and `scaling/scales` [m + 1]; under `mixture/`: `mixing_weights` [K] and, by
/// kind, `coefficients` [K, p + 1] (constant first), `standard_deviations` [K] and, with --errors t, `degrees_of_freedom` [1]; `means` [K, d] and `covariances`
/// [K, d, d]; `centers` [K, d]; or, of the joint model, `parameters`, which the record explains. Columns are in the order
/// (r, t), in the scaled units of `scaling`.
extension FittedModel {
  /// The SHA-256 of all parameters' bits, of the representation and of the names of the columns.
  public func digest() throws -> String {
    var digest = SHA256Digest()
    for name in covariateNames + [treatmentName] { digest.update(name) }
    // Which level an indicator is against is nothing that its name says.
    for covariate in covariates where covariate.levels != nil { digest.update(try jsonText(covariate)) }
    digest.update(try representationJSON())
    if let joint { digest.update(try jsonText(joint)) }
    digest.update(scaling.centers)
    digest.update(scaling.scales)
    for (name, _, values) in arrays {
      digest.update(name)
      digest.update(values)
    }
    return digest.finalize()
  }

  /// Writes the file under its name once it is complete.
  ///
  /// - Parameters:
  ///   - inputDigest: that of the data fitted.
  ///   - chunkRows: the rows of a chunk of its grid, over which sums are made: other ones round otherwise.
  ///   - covariance: of the parameters of a joint model: (b, λ, κ, κ2, δ_1 …, log τ, β, log σ, ω_1 … or log π_k / π_0), those
  ///     that it has, kept as `mixture/covariance`.
  ///   - software: versions by name.
  /// - Throws: ``Failure`` `cannotCreate` or `inputOutput`.
  public func save(
    to path: String, configuration: Configuration, inputDigest: String, chunkRows: Int,
    covariance: Matrix? = nil, software: [String: String], force: Bool
  ) throws {
    let target = try AtomicFile(path, force: force)
    let file = try HDF5File.create(target.temporaryPath, named: path)
    try file.setRecord(
      ModelRecord(
        configuration: configuration, representation: representation, joint: joint, covariateNames: covariateNames,
        covariates: covariates, treatmentName: treatmentName, software: software, chunkRows: chunkRows,
        inputDigest: inputDigest,
        modelDigest: try digest()))
    try file.setAttribute("encoding-type", .string(ModelRecord.encodingType))
    try file.setAttribute("encoding-version", .string(ModelRecord.encodingVersion))
    try file.write(scaling.centers, to: "scaling/centers")
    try file.write(scaling.scales, to: "scaling/scales")
    for (name, shape, values) in arrays { try file.write(values, shape: shape, to: "mixture/\(name)") }
    if let covariance {
      try file.write(covariance.values, shape: [covariance.rows, covariance.columns], to: "mixture/covariance")
    }
    try file.close()
    try target.commit()
  }

  /// Reads the model of a run, given by its folder or by the file; nil when the path is of something else.
  ///
  /// - Throws: as ``load(_:)``.
  public static func load(ofRun path: String) throws -> (model: FittedModel, configuration: Configuration)? {
    let inFolder = "\(path)/model.h5"
    let file = HDF5File.isFolder(path) ? inFolder : path
    guard ResolvedPath(file) != nil,
      try HDF5File.open(file).attribute("encoding-type") == .string(ModelRecord.encodingType)
    else { return nil }
    return try load(file)
  }

  /// Reads a model and the configuration it was fitted with.
  ///
  /// - Throws: ``Failure`` `noInput` when there is no such file, `data` when it is no model or was altered.
  public static func load(_ path: String) throws -> (model: FittedModel, configuration: Configuration) {
    let run = try loadRun(path)
    return (run.model, run.configuration)
  }

  /// Reads a model, the configuration it was fitted with, and the digest of the rows that it was fitted to.
  ///
  /// - Throws: as ``load(_:)``.
  public static func loadRun(
    _ path: String
  ) throws -> (model: FittedModel, configuration: Configuration, inputDigest: String) {
    let remedy = "give the folder that giv-dist train wrote (--out)"
    guard ResolvedPath(path) != nil else { throw Failure(.noInput, "\(path): No such file or directory; \(remedy)") }
    let file = try HDF5File.open(path)
    guard try file.record(as: RecordKind.self)?.encodingType == ModelRecord.encodingType,
      let record = try file.record(as: ModelRecord.self)
    else { throw Failure(.data, "\(path) is no model; \(remedy)") }
    let scaling = ColumnScaling(
      centers: try file.dataset("scaling/centers").read(), scales: try file.dataset("scaling/scales").read())
    let model = FittedModel(
      covariates: record.covariates ?? record.covariateNames.map { Covariate($0) },
      treatmentName: record.treatmentName, scaling: scaling,
      representation: record.representation,
      mixture: try record.joint.map(FittedMixture.joint)
        ?? FittedMixture(file, configuration: record.configuration))
    guard try model.digest() == record.modelDigest else {
      throw Failure(.data, "\(path) was altered: its digest does not fit its parameters; train again")
    }
    return (model, record.configuration, record.inputDigest)
  }

  private func representationJSON() throws -> String { try jsonText(representation) }

  /// The mixture's arrays, by name and shape.
  private var arrays: [(name: String, shape: [Int], values: [Double])] {
    let weights = mixture.base.mixingWeights
    let groups = weights.count
    func rows(_ name: String, _ values: [[Double]]) -> (String, [Int], [Double]) {
      (name, [groups, values[0].count], Array(values.joined()))
    }
    let parameters: [(String, [Int], [Double])] =
      switch mixture {
      case .regression(let model):
        [
          rows("coefficients", model.coefficients), ("standard_deviations", [groups], model.standardDeviations),
        ] + (model.errors.map { [("degrees_of_freedom", [1], [$0.degreesOfFreedom])] } ?? [])
      case .gaussian(let model):
        [
          rows("means", model.means),
          (
            "covariances", [groups, model.means[0].count, model.means[0].count],
            model.covariances.flatMap(\.values)
          ),
        ]
      case .kmeans(let model): [rows("centers", model.centers)]
      case .joint(let model): [("parameters", [model.mixture.vector.count], model.mixture.vector)]
      }
    return [("mixing_weights", [groups], weights)] + parameters
  }
}

extension FittedMixture {
  init(_ file: borrowing HDF5File, configuration: Configuration) throws {
    func rows(_ name: String, width expected: Int? = nil) throws -> [[Double]] {
      let dataset = try file.dataset("mixture/\(name)")
      let width = try dataset.columnCount()
      guard try dataset.rowCount() == configuration.groups, width > 0, width == expected ?? width else {
        throw Failure(.data, "\(dataset.location) was altered: its shape does not fit; train again")
      }
      let values: [Double] = try dataset.read()
      return (0..<configuration.groups).map { Array(values[$0 * width..<($0 + 1) * width]) }
    }
    let weights = try rows("mixing_weights").map { $0[0] }
    switch configuration.distribution {
    case .regression:
      self = .regression(
        RegressionMixture(
          mixingWeights: weights, coefficients: try rows("coefficients"),
          standardDeviations: try rows("standard_deviations").map { $0[0] },
          errors: try configuration.errors.student.map { errors in
            var errors = errors
            errors.degreesOfFreedom = try file.dataset("mixture/degrees_of_freedom").read()[0]
            return errors
          }))
    case .gaussian:
      let means = try rows("means")
      let d = means[0].count
      let covariances = try rows("covariances", width: d * d).map { Matrix(rows: d, columns: d, values: $0) }
      do {
        self = .gaussian(
          try GaussianMixture(
            mixingWeights: weights, means: means, covariances: covariances, shape: configuration.covariance))
      } catch {
        throw Failure(.data, "\(file.path) was altered: \(error); train again")
      }
    case .kmeans:
      var model = KMeansMixture(centers: try rows("centers"))
      model.mixingWeights = weights
      self = .kmeans(model)
    case .joint:
      throw Failure(.data, "\(file.path) lacks its joint model; train again")
    }
  }
}
