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

    /// Rows 0, 4, 8 … of 4000, whose rules, posteriors and institutions numpy finds in the other files.
    @Test func `The sample shows evenly spaced rows beside the rules of their groups`() throws {
      try script(
        """
        random = np.random.default_rng(5)
        group, x = random.integers(0, 2, 4000), random.normal(size=(4000, 2))
        t = np.where(group == 0, 1.5, -1) * x[:, 0] + np.where(group == 0, -1, .8) * x[:, 1] + random.normal(size=4000) / 3
        with open('people.csv', 'w') as file:
            print('dose,age,bmi,hospital', file=file)
            for i in range(4000): print(t[i], *x[i], 'D' if i % 3 else '"A ""b"", c"', sep=',', file=file)
        """)
      let shard = try givDist(
        "shard people.csv --out people --treatment dose --covariates age,bmi --institution hospital"
          .split(separator: " ").map(String.init))
      try #require(shard.exitCode == 0, "\(shard.error)")
      let arguments = ["people", "--groups", "2", "--starts", "4", "--representation", "identity", "--out"]
      for (ranks, out) in [(1, "alone"), (3, "three")] { _ = try train(arguments + [out], ranks: ranks) }
      let output = try script(
        """
        import csv
        rows = list(csv.DictReader(open('alone/sample.csv')))
        row, label = (np.array([int(r[key]) for r in rows]) for key in ('row', 'label'))
        number = lambda key: np.array([float(r[key]) for r in rows])
        with h5py.File('people/shard-00000.h5') as f: x, t = f['x'][:][row], f['t'][:][row]
        with h5py.File('alone/posteriors.h5') as f: p, labels = f['posterior'][:][row], f['label'][:][row]
        with h5py.File('alone/model.h5') as f:
            center, scale = f['scaling/centers'][:], f['scaling/scales'][:]
            beta = f['mixture/coefficients'][:][label]
        fit = center[-1] + scale[-1] * (beta * np.c_[np.ones(len(x)), (x - center[:-1]) / scale[:-1]]).sum(1)
        entropy = -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(1)
        print((row == np.arange(0, 4000, 4)).all(), (label == labels).all(),
              all(r['institution'] == ('D' if int(r['row']) % 3 else 'A "b", c') for r in rows),
              max(abs(number('t') - t).max(), abs(number('fit') - fit).max(),
                  abs(number('posterior') - p[range(len(p)), label]).max(), abs(number('entropy') - entropy).max()) < 1e-12,
              open('alone/sample.csv').read() == open('three/sample.csv').read())
        """)
      #expect(output == "True True True True True\n")
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
          \(report.modelDigest) \(report.inputDigest) 0.2.0
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
