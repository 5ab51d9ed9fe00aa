import Features
import Foundation
import MetaEM
import Testing

@Suite struct RepresentationTests {
  private static let spline = #"{"spline":{"_0":{"allNames":["x"],"kept":[0],"terms":[{"linear":{}}]}}}"#
  private static let stored = [
    #"{"identity":{"_0":{"featureNames":["x","y"]}}}"#,
    #"{"polynomial":{"_0":{"centers":[0.5],"degree":2,"featureNames":["poly(x)"],"origin":[3],"penalty":0.1,"#
      + #""powers":[[2,-1]],"scales":[4],"score":0.25}}}"#,
    spline,
    #"{"shape":{"_0":{"basis":{"allNames":["x"],"kept":[0],"terms":[{"linear":{}}]},"centers":[1],"#
      + #""featureNames":["h(x)"],"scales":[2],"shapes":[[3]]}}}"#,
    #"{"network":{"_0":{"centers":[0.5],"encoder":{"covariateScales":[2],"featureNames":["net1"],"parts":["#
      + #"{"inputs":{"covariates":{}},"shape":{"inputCount":1,"layers":[{"dense":{"_0":1,"_1":{"tanh":{}}}},"#
      + #"{"dense":{"_0":1,"_1":{"identity":{}}}}]}}],"skip":{"centers":[1],"features":\#(spline),"scales":[4]}},"#
      + #""parameters":[0.25,1,-1,2],"scales":[8]}}}"#,
  ]

  /// What `model.h5` holds, and what its digest is made of.
  @Test(arguments: stored) func `A representation is stored in its lasting form`(json: String) throws {
    let representation = try JSONDecoder().decode(Representation.self, from: Data(json.utf8))
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(String(decoding: try encoder.encode(representation), as: UTF8.self) == json)
  }

  /// Of x = 6, by hand from the numbers above.
  @Test func `What is read back is evaluated by its formula`() throws {
    let x = 6.0
    let power = ((2 * (x + 3) - (x + 3) * (x + 3)) - 0.5) / 4
    let network = -1 + 2 * tanh(0.25 + x / 2) + (x - 1) / 4
    for (json, expected) in zip(Self.stored.dropFirst(), [power, x, (3 * x - 1) / 2, (network - 0.5) / 8]) {
      let representation = try JSONDecoder().decode(Representation.self, from: Data(json.utf8))
      let features = NetworkRepresentationTests.features(representation, of: [[x]])
      #expect(representation.dimension == 1 && abs(features[0][0] - expected) < 1e-14)
    }
  }

  @Test func `Only the identity needs no features of its own`() throws {
    let identities = try Self.stored.map {
      try JSONDecoder().decode(Representation.self, from: Data($0.utf8)).isIdentity
    }
    #expect(identities == [true, false, false, false, false])
  }

  @Test func `A representation of no known kind is refused`() {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Representation.self, from: Data(#"{"wavelet":{"_0":{}}}"#.utf8))
    }
  }
}
