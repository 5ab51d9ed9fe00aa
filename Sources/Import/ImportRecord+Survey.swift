import Shards
import Storage

extension ImportRecord {
  init(inputs: [InputFile], survey: ImportSurvey, encoding: ImportEncoding) throws {
    self.init(
      inputs: try inputs.map { Input(path: $0.path, sha256: try SHA256Digest.ofFile($0.location)) },
      categories: Categories(covariates: encoding.categories, source: encoding.sources),
      missingValues: MissingValues(
        policy: survey.plan.missing, rowsRead: survey.rowsRead, rowsKept: survey.rowsKept,
        missing: Dictionary(survey.missingByColumn.map { ($0.name, $0.count) }, uniquingKeysWith: max),
        means: encoding.fills))
  }

  /// The header of the shards.
  func header(_ plan: ImportPlan, _ encoding: ImportEncoding) throws -> ShardHeader {
    var header = ShardHeader(covariates: encoding.covariates)
    header.means = encoding.means
    if let treatment = plan.earlier?.treatment ?? plan.treatment { header.treatmentName = treatment }
    if let outcome = plan.outcome { header.outcomeName = plan.earlier?.outcome ?? outcome }
    header.sourceLevels = encoding.sources
    header.columns = encoding.columns
    header.sourceDigest = inputs.map(\.sha256).joined(separator: " ")
    if !categories.covariates.isEmpty || categories.source != nil { header.categories = try jsonText(categories) }
    header.missingValues = try jsonText(missingValues)
    return header
  }
}
