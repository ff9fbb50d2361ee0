"""Bugs of the method, its families and pictures: (file, old, new, tests)."""

LOOP = "method/test_against_a_loop.py::test_anchors_and_frames_are_those_of_a_plain_loop"
BITS = "method/test_against_a_loop.py"
EDITOR = "method/test_editor.py"
PIPELINE = "method/test_editor.py::test_without_anchors_it_is_diffusers_own_pipeline"
ATTENTION = "method/test_attention.py"
SAMPLER = "method/test_sampler.py"
JOINT = "models/test_flux2.py"
ANCHORS = "method/test_anchors.py"
PROPERTIES = "method/test_properties.py"
UPSAMPLE = "pictures/test_upsample.py"
IP2P = "models/families/instruct_pix2pix"

MUTANTS = [
    (
        "method/bank.py",
        "StepReader(self.steps[step],",
        "StepReader(self.steps[min(step + 1, len(self.steps) - 1)],",
        LOOP,
    ),
    (
        "method/bank.py",
        '"(b k) l c -> b (k l) c", b=self.branches)',
        '"(k b) l c -> b (k l) c", b=self.branches)',
        LOOP,
    ),
    ("method/bank.py", "self.settings.anchor_strength == 0.0", "self.settings.anchor_strength < 0.0", EDITOR),
    ("method/bank.py", "KeysValues(keys[:, noisy], values[:, noisy])", "KeysValues(keys, values)", JOINT),
    (
        "method/attend.py",
        "bias[:, num_tokens:] = math.log(strength)\n    return",
        "bias[:, num_tokens:] = strength\n    return",
        ATTENTION,
    ),
    ("method/attend.py", "= -math.log(num_anchors)", "= 0.0", JOINT),
    ("method/attend.py", "bias[:, noisy] = -math.log1p(strength * num_anchors)", "bias[:, noisy] = 0.0", JOINT),
    (
        "method/attend.py",
        "torch.cat(pair, dim=1) for pair in zip(own, copies",
        "torch.cat(pair[::-1], dim=1) for pair in zip(own, copies",
        f"{ATTENTION} {JOINT}",
    ),
    ("method/attend.py", '"b m c -> (b f) m c"', '"b m c -> (f b) m c"', ATTENTION),
    (
        "method/attend.py",
        "rest = attend(_without(queries, noisy), *own, heads)",
        "rest = attend(_without(queries, noisy), keys, values, heads, bias)",
        JOINT,
    ),
    (
        "method/sampler.py",
        "return _draw([seed] * count, shape)",
        "return _draw([seed + i for i in range(count)], shape)",
        SAMPLER,
    ),
    ("method/sampler.py", "        if known:\n", "        if known and step == 0:\n", SAMPLER),
    (
        "method/sampler.py",
        "torch.tensor(known.indices, device=latents.device), noised)",
        "torch.arange(len(known.indices), device=latents.device), noised)",
        f"{SAMPLER} {LOOP}",
    ),
    (
        "method/trajectory.py",
        "[:, : frames.shape[1], : frames.shape[2]]",
        "[:, -frames.shape[1] :, -frames.shape[2] :]",
        LOOP,
    ),
    ("method/trajectory.py", "known = as_known(model, given) if given else None", "known = None", LOOP),
    ("method/trajectory.py", "return Download(levels, given or {})", "return Download(levels, {})", EDITOR),
    (
        "method/threads.py",
        'wanted = 1 if device.type == "cpu" else threads',
        "wanted = threads",
        f"{BITS}::test_the_embedded_models_bits_do_not_depend_on_the_number_of_threads",
    ),
    ("method/threads.py", "        torch.set_num_threads(threads)\n", "        pass\n", f"{EDITOR}"),
    (
        "method/editor.py",
        "filled = [*frames, *repeat(frames[-1], self.micro_batch - len(frames))]",
        "filled = list(frames)",
        f"{BITS}::test_the_embedded_models_frames_do_not_depend_on_their_companions",
    ),
    ("method/editor.py", "return download.wait()[:count]", "return download.wait()", EDITOR),
    (
        "method/editor.py",
        "yield from _finished(waiting.popleft())\n            while",
        "yield from _finished(waiting.pop())\n            while",
        EDITOR,
    ),
    ("method/editor.py", "if any(frame.shape != (*bank.size, 3) for frame in frames):", "if False:", EDITOR),
    (
        "method/editor.py",
        "replace(bank, frames=edited, steps=tuple(writer.layers for writer in writers))",
        "replace(bank, frames=frames, steps=tuple(writer.layers for writer in writers))",
        LOOP,
    ),
    ("method/anchors.py", "return ((num_frames - 1) // 2,)", "return (num_frames - 1,)", ANCHORS),
    ("method/anchors.py", "(2 * i * (num_frames - 1) + num_anchors - 1)", "(2 * i * (num_frames - 1))", ANCHORS),
    (
        f"{IP2P}/__init__.py",
        "settings.text_guidance * (full - image_only) + settings.image_guidance * (image_only - neither)",
        "settings.image_guidance * (full - image_only) + settings.text_guidance * (image_only - neither)",
        PIPELINE,
    ),
    (f"{IP2P}/__init__.py", "    if not settings.is_guided(step):\n        return (0,)\n", "", EDITOR),
    (f"{IP2P}/__init__.py", "(text, image - text, 1 - image)", "(text, image - text, image)", EDITOR),
    (f"{IP2P}/denoiser.py", "torch.zeros_like(source))[branch]", "source)[branch]", PIPELINE),
    (
        f"{IP2P}/latents.py",
        'latents = encoded.latent_dist.mode() if "latent_dist" in encoded else encoded.latents\n    latents =',
        'latents = encoded.latent_dist.sample() if "latent_dist" in encoded else encoded.latents\n    latents =',
        PIPELINE,
    ),
    (
        f"{IP2P}/latents.py",
        "return (latents - mean) * model.vae.config.scaling_factor / spread",
        "return (latents - mean) / spread",
        LOOP,
    ),
    (f"{IP2P}/latents.py", "latents * spread / vae.config.scaling_factor + mean", "latents * spread + mean", PIPELINE),
    (f"{IP2P}/text.py", "return torch.cat([full, empty, empty])", "return torch.cat([full, full, empty])", PIPELINE),
    (
        f"{IP2P}/text.py",
        "output.hidden_states[-2] for output in outputs",
        "output.hidden_states[-1] for output in outputs",
        PIPELINE,
    ),
    (f"{IP2P}/attention.py", "b=len(keys))\n", "b=len(keys)).flip(0)\n", ATTENTION),
    (
        "config.py",
        "step < math.ceil(self.guided_share * self.num_steps)",
        "step < math.floor(self.guided_share * self.num_steps)",
        BITS,
    ),
    ("models/schedules.py", "return noise * self.scheduler.init_noise_sigma", "return noise", PIPELINE),
    ("pictures/size.py", 'mode="symmetric"', 'mode="edge"', LOOP),
    ("pictures/size.py", "2 * round(side * scale / 2)", "2 * int(side * scale / 2)", PROPERTIES),
    ("pictures/tensors.py", ".mul(127.5).round().clamp", ".mul(127.5).clamp", f"{LOOP} pictures/test_tensors.py"),
    (
        "pictures/upsample.py",
        'return _applied(coarse, wide) + detail + _resized(residual, size, "bicubic")',
        "return _applied(coarse, wide) + detail",
        UPSAMPLE,
    ),
    (
        "pictures/upsample.py",
        "coefficients = torch.linalg.solve(_as_matrices(variance) + ridge,",
        "coefficients = torch.linalg.solve(_as_matrices(variance) + 1e4 * ridge,",
        UPSAMPLE,
    ),
    (
        "pictures/scale.py",
        "np.array(257, kind)",
        "np.array(256, kind)",
        f"{UPSAMPLE} jobs/test_delivery.py video/test_formats.py",
    ),
    (
        "pictures/blend.py",
        "beside = np.minimum(line[:, :width], line[:, 2:])",
        "beside = np.maximum(line[:, :width], line[:, 2:])",
        f"{PROPERTIES} jobs/test_masks.py",
    ),
    (
        "pictures/blend.py",
        "np.clip((grey - BLACK) / (WHITE - BLACK), 0, 1",
        "np.clip(grey / 255, 0, 1",
        "jobs/test_masks.py",
    ),
    (
        "pictures/blend.py",
        "own + mask[..., None] * (edited - own)",
        "edited + mask[..., None] * (own - edited)",
        "jobs/test_masks.py",
    ),
    (
        "pictures/cuts.py",
        "return over >= PROMINENCE * within",
        "return over >= within / PROMINENCE",
        "video/test_video_details.py jobs/test_shots.py",
    ),
    ("pictures/cuts.py", "boundary = index - SIDE + 1", "boundary = index - SIDE", "video/test_video_details.py"),
    (
        "pictures/cuts.py",
        "within = sorted(change(a, b) for side in (before, after) for a, b in pairwise(side))[1]",
        "within = 0.0",
        "video/test_video_details.py",
    ),
]
