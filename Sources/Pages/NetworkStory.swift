import Reports

/// What `idgen fit` learned: the models that answer what an intervention does, and how their trainings went.
struct NetworkStory: RunStory {
  let run: StoredRun

  init(_ run: StoredRun) { self.run = run }

  var answer: String {
    let set = numbers["identification"]["query"]["do"].texts.joined(separator: ", ")
    return "Models to draw rows from under any value of \(set): giv-dist idgen sample \(run.path) --do .."
  }

  var sections: [PageSection] {
    let columns = [
      "model of", "given", "for", "kind", "parameters", "laws", "of these on fewer than 5 rows", "p of rows held out",
    ]
    let models = numbers["models"].elements.map { model in
      [
        .text(model["variables"].texts.joined(separator: ", ")), .text(model["parents"].texts.joined(separator: ", ")),
        model["part"].cell, model["kind"].cell, model["parameters"].cell, model["laws"].cell, model["thinLaws"].cell,
        model["heldOut"]["pValue"].cell,
      ] as [Report.Cell]
    }
    return [
      PageSection("Models", PageBlock.numbers("Models, each of a variable given others", columns, models)),
      PageSection("How it is answered", PageBlock.identification(numbers["identification"])),
      PageSection("Trainings", RunPhases(run).trainings),
    ].filter { !$0.blocks.isEmpty }
  }
}
