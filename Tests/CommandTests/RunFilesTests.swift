import Foundation
import TestSupport
import Testing

/// The files of a run as h5py and numpy read them.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate("--rows 3000 --shards 3 --out shards", in: folder)
      try addWeights(to: "shards", in: folder)
    }) struct RunFilesTests
  {
    private struct Posteriors: Decodable {
      let shape: [Int]
      let largestError: Double
      let labelsAreArgmax: Bool
      let identifiers: [String]
      let digest: String
    }

    @Test(arguments: ["argmax", "sampled"])
    func `Posteriors sum to one, in the order of the rows`(labels: String) throws {
      let report = try train(["weighted", "--groups", "3", "--labels", labels, "--out", labels], ranks: 3)
      let output = try script(
        """
        with h5py.File(sys.argv[2] + '/posteriors.h5') as f:
            p, label = f['posterior'][:], f['label'][:]
            print(json.dumps({
                'shape': p.shape, 'largestError': float(abs(p.sum(1) - 1).max()),
                'labelsAreArgmax': bool((label == p.argmax(1)).all()),
                'identifiers': [v.decode() for v in f['id'][:]],
                'digest': hashlib.sha256(p.astype('<f8').tobytes()).hexdigest()}))
        """, [labels])
      let posteriors = try JSONDecoder().decode(Posteriors.self, from: Data(output.utf8))
      #expect(posteriors.shape == [3000, 3])
      #expect(posteriors.largestError < 1e-12)
      #expect(posteriors.labelsAreArgmax == (labels == "argmax"))
      #expect(posteriors.identifiers == (0..<3000).map { "patient \($0)" })
      #expect(posteriors.digest == report.posteriorDigest)
    }

    @Test func `Labels drawn from the posteriors have their frequencies`() throws {
      _ = try train(["shards", "--groups", "3", "--labels", "sampled", "--seed", "5", "--out", "drawn"])
      let output = try script(
        """
        with h5py.File('drawn/posteriors.h5') as f:
            p, label = f['posterior'][:], f['label'][:]
        counts, expected = np.bincount(label, minlength=3), p.sum(0)
        spread = np.sqrt((p * (1 - p)).sum(0))
        print(abs(counts - expected).max() / spread.max(), (label != p.argmax(1)).sum())
        """)
      let numbers = output.split { $0 == " " || $0 == "\n" }.compactMap { Double($0) }
      #expect(numbers[0] < 4 && numbers[1] > 30)
    }

    @Test func `The model has the documented contents`() throws {
      let report = try train(["shards", "--groups", "3", "--representation", "identity", "--out", "model"])
      let output = try script(
        """
        with h5py.File('model/model.h5') as f:
            f.visititems(lambda name, item: print(name, item.shape) if isinstance(item, h5py.Dataset) else None)
            record = json.loads(f.attrs['giv-record'])
        print(record['encodingType'], record['encodingVersion'], record['configuration']['groups'])
        print(record['modelDigest'], record['inputDigest'], record['software']['giv-dist'])
        print(*record['covariateNames'], record['treatmentName'])
        """)
      #expect(
        output == """
          mixture/coefficients (3, 4)
          mixture/mixing_weights (3,)
          mixture/standard_deviations (3,)
          scaling/centers (4,)
          scaling/scales (4,)
          giv-model 1.0.0 3
          \(report.modelDigest) \(report.inputDigest) 0.1.0
          x0 x1 x2 t

          """)
    }

    /// The documented formulas, on the documented datasets: nothing else is needed to use a model.
    @Test(arguments: ["regression", "gaussian"], ["", "--standardize"])
    func `numpy computes the same posteriors from the model`(distribution: String, option: String) throws {
      let run = "numpy-\(distribution)\(option)"
      _ = try train(
        ["shards", "--groups", "3", "--representation", "identity", "--distribution", distribution, "--out", run]
          + (option.isEmpty ? [] : [option]))
      let output = try script(
        """
        from scipy.special import logsumexp
        from scipy.stats import multivariate_normal, norm
        names = sorted(n for n in os.listdir('shards') if n.endswith('.h5'))
        rows = []
        for name in names:
            with h5py.File('shards/' + name) as f: rows.append(np.c_[f['x'][:], f['t'][:]])
        with h5py.File(sys.argv[2] + '/model.h5') as f:
            c = (np.vstack(rows) - f['scaling/centers'][:]) / f['scaling/scales'][:]
            m = {name: f['mixture/' + name][:] for name in f['mixture']}
        if 'means' in m:
            log = [multivariate_normal(a, b).logpdf(c) for a, b in zip(m['means'], m['covariances'])]
        else:
            log = [norm(b[0] + c[:, :-1] @ b[1:], s).logpdf(c[:, -1])
                   for b, s in zip(m['coefficients'], m['standard_deviations'])]
        log = np.log(m['mixing_weights']) + np.array(log).T
        p = np.exp(log - logsumexp(log, axis=1, keepdims=True))
        with h5py.File(sys.argv[2] + '/posteriors.h5') as f: print(abs(p - f['posterior'][:]).max())
        """, [run])
      #expect(try #require(Double(output.trimmingCharacters(in: .newlines))) < 1e-9)
    }
  }
}
