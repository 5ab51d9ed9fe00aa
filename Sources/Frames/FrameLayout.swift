import Communication

/// Which columns of doubles a table has, in order: x, t, then y and the weight when they are read.
package struct FrameLayout: Sendable {
  package let covariateCount: Int
  package let variables: Set<Variable>

  package init(covariateCount: Int, variables: Set<Variable>) {
    self.covariateCount = covariateCount
    self.variables = variables
  }

  package var columnCount: Int {
    covariateCount + 1 + (variables.contains(.outcome) ? 1 : 0) + (variables.contains(.weight) ? 1 : 0)
  }

  /// The place of a variable; that of the first column for covariates.
  package func columnIndex(of variable: Variable) -> Int {
    switch variable {
    case .covariates: 0
    case .treatment: covariateCount
    case .outcome: covariateCount + 1
    case .weight: columnCount - 1
    case .source, .identifier: preconditionFailure("\(variable) is no column of doubles")
    }
  }
}

/// Where a table keeps its rows.
public enum FrameStorage: Sendable, Equatable {
  /// In memory, read once.
  case memory
  /// In the files, read anew in every pass through two windows of so many bytes.
  case stream(windowBytes: Int = 16 << 20)

  /// Bytes of columns that a rank holds in memory.
  public func residentBytes(chunkCount: Int, columnCount: Int, of grid: RowGrid) -> Int {
    let all = chunkCount * FrameChunks.bytesPerChunk(columnCount, of: grid)
    switch self {
    case .memory: return all
    case .stream(let windowBytes): return min(all, FrameStream.windowCount * windowBytes)
    }
  }
}
