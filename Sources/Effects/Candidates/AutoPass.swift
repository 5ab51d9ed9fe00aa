import LinearAlgebra
import Networks

/// The networks of ``AutoObjective`` on a block of rows, with what the rows and their partners have of t, y and the
/// candidates.
final class AutoPass {
  private typealias Part = AutoNetworks.Part

  private let networks: AutoNetworks
  private let parameters: [Double]
  private let blocks: [NetworkBlock]
  /// c of the partners.
  private let partnerConfounder: NetworkBlock
  /// t, y of the rows, then of their partners.
  private let targets = AlignedBuffer(count: 4 * NetworkBlock.stride)
  /// Gradients in z, c, and c of the partners.
  private let gradients = AlignedBuffer(count: 3 * NetworkBlock.stride)
  private var rowCount = 0

  init(_ networks: AutoNetworks, _ parameters: [Double]) {
    self.networks = networks
    self.parameters = parameters
    blocks = Part.allCases.map { NetworkBlock(networks.shape($0)) }
    partnerConfounder = NetworkBlock(networks.shape(.confounder))
  }

  private func target(_ place: Int) -> UnsafeMutablePointer<Double> { targets.pointer + place * NetworkBlock.stride }
  private func gradient(_ place: Int) -> UnsafeMutablePointer<Double> {
    gradients.pointer + place * NetworkBlock.stride
  }

  /// Takes some rows, and gives their representations.
  func fill(_ sample: AutoSample, _ rows: Range<Int>, _ partners: [Int]) {
    rowCount = rows.count
    for block in blocks + [partnerConfounder] { block.rowCount = rowCount }
    for (i, row) in rows.enumerated() {
      for j in 0..<2 {
        target(j)[i] = sample.columns[j][row]
        target(2 + j)[i] = sample.columns[j][partners[row]]
      }
      for j in 0..<sample.candidateCount {
        let (own, other) = (sample.columns[2 + j][row], sample.columns[2 + j][partners[row]])
        blocks[Part.instrument.rawValue].input[j * NetworkBlock.stride + i] = own
        blocks[Part.confounder.rawValue].input[j * NetworkBlock.stride + i] = own
        partnerConfounder.input[j * NetworkBlock.stride + i] = other
      }
    }
    forward(.instrument, blocks[Part.instrument.rawValue])
    forward(.confounder, blocks[Part.confounder.rawValue])
    forward(.confounder, partnerConfounder)
    gradients.pointer.update(repeating: 0, count: gradients.count)
  }

  private func forward(_ part: Part, _ block: NetworkBlock) {
    parameters.withUnsafeBufferPointer {
      networks.shape(part).forward(block, parameters: $0.baseAddress! + networks.start(part))
    }
  }

  private func backward(
    _ part: Part, _ block: NetworkBlock, to gradient: UnsafeMutablePointer<Double>, needsInputGradient: Bool = false
  ) {
    parameters.withUnsafeBufferPointer {
      networks.shape(part).backward(
        block, parameters: $0.baseAddress! + networks.start(part), addingTo: gradient + networks.start(part),
        needsInputGradient: needsInputGradient)
    }
  }

  // MARK: The phases

  /// The densities with what they are given (z or c) and what they are of (t, y or c).
  private var densities: [(part: Part, given: UnsafePointer<Double>, own: UnsafePointer<Double>)] {
    let (z, c) = (blocks[Part.instrument.rawValue].output, blocks[Part.confounder.rawValue].output)
    let (t, y) = (UnsafePointer(target(0)), UnsafePointer(target(1)))
    return [
      (.treatmentGivenInstrument, z, t), (.outcomeGivenInstrument, z, y), (.treatmentGivenConfounder, c, t),
      (.outcomeGivenConfounder, c, y), (.confounderGivenInstrument, z, c),
    ]
  }

  func addDensities(scale: Double, to total: UnsafeMutablePointer<Double>) -> Double {
    densities.reduce(0) { loss, entry in
      let density = GaussianDensity(block: blocks[entry.part.rawValue])
      density.block.fill([entry.given])
      forward(entry.part, density.block)
      density.clearGradient()
      let sum = density.add(entry.own) { _ in -scale }
      backward(entry.part, density.block, to: total)
      return loss + sum
    }
  }

  func addInformation(scale: Double, conditional: [Double], to total: UnsafeMutablePointer<Double>) -> Double {
    let unmoved = AlignedBuffer(count: networks.parameterCount)
    let loss = densities.reduce(0.0) { loss, entry in
      let density = GaussianDensity(block: blocks[entry.part.rawValue])
      density.block.fill([entry.given])
      forward(entry.part, density.block)
      density.clearGradient()
      let ofConfounder = entry.part == .confounderGivenInstrument
      let ofOutcome = [.outcomeGivenInstrument, .outcomeGivenConfounder].contains(entry.part)
      let partners = ofConfounder ? partnerConfounder.output : UnsafePointer(target(ofOutcome ? 3 : 2))
      let weight: (Int) -> Double =
        switch entry.part {
        case .outcomeGivenInstrument: { conditional[$0] }
        case .confounderGivenInstrument: { _ in scale }
        default: { _ in -scale }
        }
      let bound =
        density.add(entry.own, weight: weight, targetGradient: ofConfounder ? gradient(1) : nil)
        + density.add(partners, weight: { -weight($0) }, targetGradient: ofConfounder ? gradient(2) : nil)
      backward(entry.part, density.block, to: unmoved.pointer, needsInputGradient: true)
      let isGivenConfounder = [.treatmentGivenConfounder, .outcomeGivenConfounder].contains(entry.part)
      add(density.block.inputGradient, to: isGivenConfounder ? 1 : 0)
      return loss + bound
    }
    moveRepresentations(total)
    return loss
  }

  func addStages(scale: Double, to total: UnsafeMutablePointer<Double>) -> Double {
    let (first, second) = (blocks[Part.treatment.rawValue], blocks[Part.outcome.rawValue])
    let c = blocks[Part.confounder.rawValue].output
    first.fill([blocks[Part.instrument.rawValue].output, c])
    forward(.treatment, first)
    second.fill([first.output, c])
    forward(.outcome, second)
    var loss = Loss.squared(second, output: 0, targets: target(1), scale: scale)
    backward(.outcome, second, to: total, needsInputGradient: true)
    add(second.inputGradient + NetworkBlock.stride, to: 1)
    loss += Loss.squared(first, output: 0, targets: target(0), scale: scale)
    for i in 0..<rowCount { first.outputGradient[i] += second.inputGradient[i] }
    backward(.treatment, first, to: total, needsInputGradient: true)
    add(first.inputGradient, to: 0)
    add(first.inputGradient + NetworkBlock.stride, to: 1)
    moveRepresentations(total)
    return loss
  }

  private func add(_ values: UnsafePointer<Double>, to place: Int) {
    let own = gradient(place)
    for i in 0..<rowCount { own[i] += values[i] }
  }

  private func moveRepresentations(_ total: UnsafeMutablePointer<Double>) {
    let parts: [(Part, NetworkBlock)] = [
      (.instrument, blocks[Part.instrument.rawValue]), (.confounder, blocks[Part.confounder.rawValue]),
      (.confounder, partnerConfounder),
    ]
    for (place, (part, block)) in parts.enumerated() {
      block.outputGradient.update(from: gradient(place), count: rowCount)
      backward(part, block, to: total)
    }
  }
}
