import Communication
import LinearAlgebra

/// A block of rows as the third pass sees it, and its sums.
struct RowTerms {
  let forms: RowForms
  let rows: StandardizedRows
  let layout: RowSumsLayout
  private let stride: Int
  private let storage: AlignedBuffer
  private let factors: AlignedBuffer

  // The first column of each kind in `storage`.
  let instruments, targets, residuals, fitted, own, jackknife, ordinary, endogeneity, leverages: Int
  private let columnCount: Int

  /// A row whose leverage leaves less than this share is fitted exactly: its score is rounding, and is left out.
  static let leastFreedom = 1e-10

  init(_ forms: RowForms, _ layout: RowSumsLayout) {
    self.forms = forms
    self.layout = layout
    rows = StandardizedRows(columnCount: layout.columns)
    stride = rows.stride
    let (c, l, q, m) = (layout.controls, layout.instruments, layout.endogenous, layout.targets)
    instruments = c
    targets = instruments + l
    residuals = targets + m
    fitted = residuals + q
    own = fitted + q
    jackknife = own + q
    ordinary = jackknife + 2 * q
    endogeneity = ordinary + 1
    // h of W, of the instruments, of x̂ and of d; then v r for the jackknife.
    leverages = endogeneity + 1
    columnCount = leverages + 4 + m
    storage = AlignedBuffer(count: columnCount * stride)
    let factorCount = max(2 * layout.pairs, layout.triples, 3) + layout.pairs
    factors = AlignedBuffer(count: factorCount * stride)
  }

  /// - Throws: a ``Failure``: instruments that do not identify an endogenous column (data), too many cells (usage).
  init(_ basis: Orthonormalization, _ names: InstrumentalNames, clusters: [Int]) throws {
    let layout = RowSumsLayout(
      controls: basis.controlCount, instruments: basis.instrumentCount, endogenous: basis.endogenousCount,
      clusters: clusters)
    let forms = try InstrumentalRegression.named(names) { try RowForms(basis) }
    try InstrumentalRegression.requireRoom(layout)
    self.init(forms, layout)
  }

  func column(_ index: Int) -> UnsafeMutablePointer<Double> { storage.pointer + index * stride }
  private func columns(_ first: Int, _ count: Int) -> [UnsafeMutablePointer<Double>] {
    (first..<first + count).map(column)
  }
  private func factor(_ index: Int) -> UnsafeMutablePointer<Double> { factors.pointer + index * stride }

  /// Adds the sums of a block.
  func add(_ block: InstrumentalChunk, _ standardization: Standardization, to sums: inout RowSums) {
    let count = evaluate(block, standardization)
    addGram(count, to: &sums.summands, columns(0, layout.columns), rows.totals.pointer, 1, at: layout.gram)
    let pairs = max(2 * layout.pairs, layout.triples, 3)
    fillPairs(layout.targets, targets, into: pairs, count)
    let (q, l) = (layout.endogenous, layout.instruments)
    addGram(count, to: &sums.summands, columns(instruments, l), factor(pairs), layout.pairs, at: layout.moments)
    addLeveraged(pairs, count, to: &sums.summands)
    fillFreedoms(pairs, layout.pairs, leverage: leverages + 2, into: 0, count)
    addGram(count, to: &sums.summands, columns(fitted, q), factor(0), 2 * layout.pairs, at: layout.projected)
    for index in 0..<2 {
      let start = layout.jackknife + index * layout.jackknifeLength
      addJackknife(index, count, to: &sums.summands, at: start)
      addGram(
        count, to: &sums.summands, columns(jackknife + index * q, q), factor(pairs), layout.pairs,
        at: start + q * layout.targets)
    }
    fillSquares(ordinary, into: 0, count)
    fillFreedoms(0, 1, leverage: leverages + 3, into: 1, count)
    addGram(count, to: &sums.summands, columns(own, q), factor(0), 3, at: layout.ordinary)
    fillSquares(endogeneity, into: 0, count)
    addGram(
      count, to: &sums.summands, columns(own, q) + columns(residuals, q), factor(0), 1, at: layout.endogeneity)
    fillPairs(q, residuals, into: pairs, count)
    addGram(
      count, to: &sums.summands, columns(instruments, l), factor(pairs), layout.residualPairs, at: layout.firstStage)
    addClusters(block, to: &sums.summands)
  }

  /// Evaluates what each observation of a block moves coefficients by.
  ///
  /// - Parameters:
  ///   - influences: ψ of all coefficients of all forms, one column after another.
  ///   - loadings: likewise v x, what a unit shift of the response moves them by; nil where it is not asked for.
  ///   - target: numbers from one of these columns to the next.
  func fillInfluence(
    of block: InstrumentalChunk, _ standardization: Standardization, _ influenceForms: [InfluenceForm],
    influences: UnsafeMutablePointer<Double>, loadings: UnsafeMutablePointer<Double>? = nil, stride target: Int
  ) {
    let count = evaluate(block, standardization)
    let (leverage, weights) = (column(leverages + 1), rows.weights.pointer)
    let (error, regressors, lifted) = (factor(0), factor(1), factor(1 + layout.endogenous))
    var next = 0
    for influence in influenceForms {
      forward(Matrix([influence.residual]), of: column(targets), into: error, count)
      forward(influence.plain, of: column(instruments), into: regressors, count)
      if let form = influence.leveraged { forward(form, of: column(targets), into: lifted, count) }
      for j in 0..<influence.count {
        let (x, other) = (regressors + j * stride, lifted + j * stride)
        for i in 0..<block.rowCount {
          let loading = weights[i] * (influence.leveraged == nil ? x[i] : x[i] + leverage[i] * other[i])
          influences[next + i] = error[i] * loading
          loadings?[next + i] = loading
        }
        next += target
      }
    }
  }

  private func addGram(
    _ count: Int, to sums: inout [Double], _ columns: [UnsafeMutablePointer<Double>], _ weights: UnsafePointer<Double>,
    _ groups: Int, at start: Int
  ) {
    Kernel.addWeightedGram(
      of: columns, rowCount: count, weights: weights, groupCount: groups, stride: stride, to: &sums, at: start)
  }
}

// MARK: - Columns

extension RowTerms {
  /// target = form · columns, for the forms that are the rows of a matrix.
  func forward(
    _ form: Matrix, of inputs: UnsafePointer<Double>, into target: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    guard form.columns > 0 else { return }
    Kernel.Layer(inputs: form.columns - 1, outputs: form.rows, rowCount: count, stride: stride)
      .forward(weights: form.values, inputs: inputs, outputs: target)
  }

  /// Fills the columns of a block.
  ///
  /// - Returns: how many rows they have with those behind the last.
  @discardableResult
  func evaluate(_ block: InstrumentalChunk, _ standardization: Standardization) -> Int {
    rows.fill(block, standardization, kept: forms.basis.kept)
    let count = Kernel.paddedCount(block.rowCount)
    evaluate(count)
    return count
  }

  private func evaluate(_ count: Int) {
    let (q, m) = (layout.endogenous, layout.targets)
    let basis = forms.basis
    let totals = rows.totals.pointer
    forward(basis.controls, of: rows.columns.pointer, into: column(0), count)
    forward(basis.instruments, of: rows.columns.pointer, into: column(instruments), count)
    forward(basis.explained, of: rows.columns.pointer, into: column(targets), count)
    for a in 0..<m {
      let (raw, partialled) = (rows.column(targets + a), column(targets + a))
      for i in 0..<count { partialled[i] = raw[i] - partialled[i] }
    }
    forward(forms.firstStage, of: column(instruments), into: column(residuals), count)
    for a in 0..<q {
      let (whole, rest) = (column(targets + a), column(residuals + a))
      for i in 0..<count { rest[i] = whole[i] - rest[i] }
    }
    forward(forms.fitted, of: column(instruments), into: column(fitted), count)
    forward(forms.own, of: column(targets), into: column(own), count)
    forward(Matrix([forms.ordinary]), of: column(targets), into: column(ordinary), count)
    // r and e lie side by side.
    forward(Matrix([forms.endogeneity]), of: column(targets), into: column(endogeneity), count)
    fillLeverage(0, 0, layout.controls, count)
    fillLeverage(1, instruments, layout.instruments, count)
    fillLeverage(2, fitted, q, count)
    fillLeverage(3, own, q, count)
    let (ofControls, ofInstruments) = (column(leverages), column(leverages + 1))
    for k in 2..<4 {
      let leverage = column(leverages + k)
      for i in 0..<count { leverage[i] += ofControls[i] }
    }
    for a in 0..<q {
      let (whole, rest) = (column(targets + a), column(residuals + a))
      let (first, second) = (column(jackknife + a), column(jackknife + q + a))
      for i in 0..<count {
        let (partialled, ofAll) = (1 - ofInstruments[i], 1 - ofControls[i] - ofInstruments[i])
        // What other rows do not predict has no instrument.
        let isPredicted = ofAll > Self.leastFreedom
        first[i] = isPredicted ? whole[i] - rest[i] / partialled : 0
        second[i] = isPredicted ? whole[i] / (1 - ofControls[i]) - rest[i] / ofAll : 0
      }
    }
    for a in 0..<m {
      let (source, target) = (column(targets + a), column(leverages + 4 + a))
      for i in 0..<count { target[i] = totals[i] * source[i] }
    }
  }

  /// v Σ x² over some columns.
  private func fillLeverage(_ place: Int, _ first: Int, _ number: Int, _ count: Int) {
    let (target, weights) = (column(leverages + place), rows.weights.pointer)
    target.update(repeating: 0, count: count)
    for j in 0..<number {
      let source = column(first + j)
      for i in 0..<count { target[i] += source[i] * source[i] }
    }
    for i in 0..<count { target[i] *= weights[i] }
  }

  /// v² x_a x_b of all pairs of some columns, as often as rows count.
  private func fillPairs(_ number: Int, _ first: Int, into place: Int, _ count: Int) {
    let (weights, totals) = (rows.weights.pointer, rows.totals.pointer)
    var next = place
    for a in 0..<number {
      for b in a..<number {
        let (x, z, target) = (column(first + a), column(first + b), factor(next))
        for i in 0..<count { target[i] = totals[i] * weights[i] * x[i] * z[i] }
        next += 1
      }
    }
  }

  private func fillSquares(_ source: Int, into place: Int, _ count: Int) { fillPairs(1, source, into: place, count) }

  /// Factors over 1 - h, then over (1 - h)²; replaces h by 1 / (1 - h).
  private func fillFreedoms(_ source: Int, _ number: Int, leverage: Int, into place: Int, _ count: Int) {
    let share = column(leverage)
    for i in 0..<count {
      let freedom = 1 - share[i]
      share[i] = freedom > Self.leastFreedom ? 1 / freedom : 0
    }
    for k in 0..<number {
      let (given, first, second) = (factor(source + k), factor(place + k), factor(place + number + k))
      for i in 0..<count {
        first[i] = given[i] * share[i]
        second[i] = first[i] * share[i]
      }
    }
  }
}

// MARK: - Sums that are no triangles

extension RowTerms {
  private func addLeveraged(_ pairs: Int, _ count: Int, to sums: inout [Double]) {
    let m = layout.targets
    let leverage = column(leverages + 1)
    var triple = 0
    for a in 0..<m {
      for b in a..<m {
        let product = factor(pairs + PackedTriangle.index(a, b, order: m))
        for c in b..<m {
          let (third, target) = (column(targets + c), factor(triple))
          for i in 0..<count { target[i] = product[i] * leverage[i] * third[i] }
          triple += 1
        }
      }
    }
    addProducts(instruments, layout.instruments, factor(0), layout.triples, count, to: &sums, at: layout.leveraged)
  }

  private func addJackknife(_ index: Int, _ count: Int, to sums: inout [Double], at start: Int) {
    let m = layout.targets
    if index == 1 {
      // This estimator takes the centred D and y as they are.
      for a in 0..<m {
        let (source, target, totals) = (rows.column(targets + a), column(leverages + 4 + a), rows.totals.pointer)
        for i in 0..<count { target[i] = totals[i] * source[i] }
      }
    }
    addProducts(
      leverages + 4, m, column(jackknife + index * layout.endogenous), layout.endogenous, count, to: &sums, at: start)
  }

  /// Adds Σ g x' [outputs, inputs].
  private func addProducts(
    _ first: Int, _ inputs: Int, _ outputs: UnsafePointer<Double>, _ outputCount: Int, _ count: Int,
    to sums: inout [Double], at start: Int
  ) {
    guard inputs > 0 else { return }
    sums.withUnsafeMutableBufferPointer { sums in
      Kernel.Layer(inputs: inputs - 1, outputs: outputCount, rowCount: count, stride: stride)
        .addGradient(inputs: column(first), outputGradient: outputs, to: sums.baseAddress! + start)
    }
  }

  private func addClusters(_ block: InstrumentalChunk, to sums: inout [Double]) {
    guard !block.clusters.isEmpty else { return }
    let (l, q, m) = (layout.instruments, layout.endogenous, layout.targets)
    for (clustering, codes) in block.clusters.enumerated() {
      for row in 0..<block.rowCount { add(row, clustering, Int(codes[row])) }
    }
    if block.clusters.count == 2 {
      let (first, second) = (block.clusters[0], block.clusters[1])
      for row in 0..<block.rowCount { add(row, 2, Int(first[row]) * layout.clusters[1] + Int(second[row])) }
    }

    func add(_ row: Int, _ clustering: Int, _ cell: Int) {
      let weight = rows.totals.pointer[row]
      guard weight > 0 else { return }
      var place = layout.clusterStart(clustering) + cell * layout.clusterLength
      sums[place] += 1
      place += 1
      for (first, number) in [(targets, m), (residuals, q)] {
        for j in 0..<l {
          let instrument = weight * column(instruments + j)[row]
          for a in 0..<number {
            sums[place] += instrument * column(first + a)[row]
            place += 1
          }
        }
      }
      let (ordinaryError, otherError) = (weight * column(ordinary)[row], weight * column(endogeneity)[row])
      for a in 0..<q {
        sums[place] += ordinaryError * column(own + a)[row]
        place += 1
      }
      for a in 0..<q {
        sums[place] += otherError * column(own + a)[row]
        sums[place + q] += otherError * column(residuals + a)[row]
        place += 1
      }
    }
  }
}
