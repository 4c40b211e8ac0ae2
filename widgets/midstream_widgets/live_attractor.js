// The live attractor: a ring of points in graphics memory, drawn with WebGL2.

const FLOATS = 5; // x, y, z, speed, number of the unbroken run
const STRIDE = 4 * FLOATS;
const MOST_DRAWN = 50000; // with more points, every second, fourth, ... is drawn while they move
const FRESH = 256; // the newest points are always drawn one by one
const KEYS = "arrows turn, plus and minus zoom, space pauses, r resets the view";
const HOME = { azimuth: -0.6, elevation: 0.35, zoom: 1, x: 0, y: 0 };

const VERTEX = `#version 300 es
layout(location = 0) in vec3 position;
layout(location = 1) in vec2 extra;
uniform mat4 camera;
uniform vec3 middle, scale;
uniform float head, capacity, span, size;
uniform vec2 speeds;
uniform int hop;
uniform bool bySpeed;
out float shade, age, run;
flat out float own;
void main() {
  float slot = float(gl_VertexID * hop);
  age = mod(head - 1.0 - slot + capacity, capacity) / span;
  shade = bySpeed ? clamp((extra.x - speeds.x) / max(speeds.y - speeds.x, 1e-30), 0.0, 1.0) : 1.0 - age;
  run = extra.y;
  own = extra.y;
  gl_Position = camera * vec4((position - middle) * scale, 1.0);
  gl_PointSize = size;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in float shade, age, run;
flat in float own;
uniform sampler2D ramp;
uniform bool round;
out vec4 color;
void main() {
  if (abs(run - own) > 1e-3 || age > 1.0) discard; // a segment across a gap
  if (round && distance(gl_PointCoord, vec2(0.5)) > 0.5) discard;
  color = vec4(texture(ramp, vec2(shade, 0.5)).rgb, 1.0) * mix(1.0, 0.35, age);
}`;

// Points as they came, for every view of this model; also what a lost graphics context is filled from.
function makeStore(model) {
  const channel = openChannel(model);
  const store = {
    model, channel, capacity: 64, span: 64, data: new Float32Array(64 * FLOATS), head: 0, generation: -1,
    lo: [0, 0, 0, 0], hi: [0, 0, 0, 0], measured: 0,
    get count() { return Math.min(store.head, store.span); },
    changed() { for (const view of channel.views) view.invalidate(); },
  };

  function widen(values, from, until) {
    for (let i = from * FLOATS; i < until * FLOATS; i += FLOATS) {
      for (let k = 0; k < 4; k += 1) {
        const value = values[i + k];
        if (value < store.lo[k]) store.lo[k] = value;
        if (value > store.hi[k]) store.hi[k] = value;
      }
    }
  }

  // Old extremes leave the picture with the points that made them.
  function measure() {
    store.lo = [Infinity, Infinity, Infinity, Infinity];
    store.hi = [-Infinity, -Infinity, -Infinity, -Infinity];
    const start = (store.head - store.count) % store.capacity, end = start + store.count;
    widen(store.data, start, Math.min(end, store.capacity));
    widen(store.data, 0, Math.max(0, end - store.capacity));
    store.measured = store.head;
  }

  function restart(message) {
    store.generation = message.generation;
    store.span = message.span;
    store.capacity = 64 * Math.ceil(message.span / 64);
    store.data = new Float32Array(store.capacity * FLOATS);
    store.head = 0;
  }

  function take(message, buffer) {
    if (message.generation !== store.generation) restart(message);
    let points = new Float32Array(buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength));
    const most = store.capacity * FLOATS;
    if (points.length > most) points = points.subarray(points.length - most);
    const total = points.length / FLOATS, at = store.head % store.capacity;
    const before = Math.min(total, store.capacity - at);
    store.data.set(points.subarray(0, before * FLOATS), at * FLOATS);
    store.data.set(points.subarray(before * FLOATS), 0);
    const first = store.head === 0;
    store.head += total;
    if (first || store.head - store.measured > store.span / 2) measure();
    else widen(points, 0, total);
    channel.took(message.seq);
    store.changed();
  }

  // What the graphics memory holds, oldest first: the picture's own coordinates, not a copy kept elsewhere.
  function readback(message) {
    const view = [...channel.views].find((candidate) => candidate.read);
    const points = view ? view.read() : new Float32Array(0);
    channel.send({ kind: "readback", id: message.id, generation: store.generation, drawn: Boolean(view) }, [points.buffer]);
  }

  model.on("msg:custom", channel.guard("receiving", (message, buffers) => {
    if (message.kind === "points") take(message, buffers[0]);
    else if (message.kind === "readback") readback(message);
    else if (message.kind === "error") for (const view of channel.views) view.overlay(message.text, true);
  }));
  return store;
}

function compile(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) throw new Error(gl.getShaderInfoLog(shader));
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(program));
  return program;
}

// The graphics side of one view: the ring in graphics memory and how it is drawn.
function makePainter(gl, store) {
  const program = compile(gl);
  const at = new Proxy({}, { get: (known, name) => (known[name] ??= gl.getUniformLocation(program, name)) });
  const buffer = gl.createBuffer(), texture = gl.createTexture();
  let generation = null, uploaded = 0;
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.enableVertexAttribArray(0);
  gl.enableVertexAttribArray(1);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);

  // Only what is new travels; slot 0 stands once more behind the last slot, so that the line closes there.
  function upload() {
    const { capacity, data, head } = store;
    if (generation !== store.generation) {
      generation = store.generation;
      gl.bufferData(gl.ARRAY_BUFFER, (capacity + 1) * STRIDE, gl.DYNAMIC_DRAW);
      uploaded = 0;
    }
    const from = Math.max(uploaded, head - capacity), total = head - from;
    if (total <= 0) return false;
    const slot = from % capacity, before = Math.min(total, capacity - slot);
    gl.bufferSubData(gl.ARRAY_BUFFER, slot * STRIDE, data, slot * FLOATS, before * FLOATS);
    if (total > before) gl.bufferSubData(gl.ARRAY_BUFFER, 0, data, 0, (total - before) * FLOATS);
    if (slot === 0 || total > before) gl.bufferSubData(gl.ARRAY_BUFFER, capacity * STRIDE, data, 0, FLOATS);
    uploaded = head;
    return true;
  }

  function strip(mode, start, total, hop) {
    gl.vertexAttribPointer(0, 3, gl.FLOAT, false, STRIDE * hop, 0);
    gl.vertexAttribPointer(1, 2, gl.FLOAT, false, STRIDE * hop, 12);
    gl.uniform1i(at.hop, hop);
    const slot = start % store.capacity, end = slot + total, { capacity } = store;
    const piece = (from, until) => {
      const first = Math.ceil(from / hop), last = Math.floor(until / hop);
      if (last >= first) gl.drawArrays(mode, first, last - first + 1);
    };
    piece(slot, end > capacity ? capacity : end - 1);
    if (end > capacity) piece(0, end - capacity - 1);
  }

  return {
    upload,
    setRamp(colors) {
      const bytes = new Uint8Array(colors.flatMap((color) => [...color, 255]));
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, colors.length, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
      for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
      for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.LINEAR);
    },
    paint(camera, box, look, ratio) {
      gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      const { head, count } = store;
      if (!count) return;
      gl.useProgram(program);
      gl.uniformMatrix4fv(at.camera, false, camera);
      gl.uniform3fv(at.middle, box.middle);
      gl.uniform3fv(at.scale, box.scale);
      gl.uniform1f(at.head, head % store.capacity);
      gl.uniform1f(at.capacity, store.capacity);
      gl.uniform1f(at.span, store.span);
      gl.uniform2f(at.speeds, store.lo[3], store.hi[3]);
      gl.uniform1i(at.bySpeed, look.color === "speed" ? 1 : 0);
      const points = look.style === "points", mode = points ? gl.POINTS : gl.LINE_STRIP;
      gl.uniform1i(at.round, points ? 1 : 0);
      gl.uniform1f(at.size, 2.5 * ratio);
      let hop = 1;
      while (count / hop > MOST_DRAWN && hop < 64) hop *= 2;
      strip(mode, head - count, count, hop);
      const fresh = Math.min(FRESH, count);
      if (hop > 1) strip(mode, head - fresh, fresh, 1);
      gl.uniform1i(at.round, 1);
      gl.uniform1f(at.size, 8 * ratio);
      strip(gl.POINTS, head - 1, 1, 1);
    },
    read() {
      const { capacity, count, head } = store, points = new Float32Array(count * FLOATS);
      upload();
      const slot = (head - count) % capacity, before = Math.min(count, capacity - slot);
      gl.getBufferSubData(gl.ARRAY_BUFFER, slot * STRIDE, points, 0, before * FLOATS);
      if (count > before) gl.getBufferSubData(gl.ARRAY_BUFFER, 0, points, before * FLOATS);
      return points;
    },
  };
}

// Column-major matrix of an orbiting camera; a flat picture is looked at from straight above.
function orbit(pose, flat, width, height) {
  const [ca, sa, ce, se] = flat ? [1, 0, 0, 1]
    : [Math.cos(pose.azimuth), Math.sin(pose.azimuth), Math.cos(pose.elevation), Math.sin(pose.elevation)];
  const aspect = width / height, fit = pose.zoom * (flat ? 0.8 : 0.59) * Math.min(1, aspect);
  const sx = fit / aspect, depth = flat ? 0 : 0.16;
  const right = [ca, -sa, 0], up = flat ? [0, 1, 0] : [sa * se, ca * se, ce], to = [sa * ce, ca * ce, -se];
  const m = new Float32Array(16);
  for (let k = 0; k < 3; k += 1) {
    m[4 * k] = sx * right[k];
    m[4 * k + 1] = fit * up[k];
    m[4 * k + 2] = 0.2 * to[k];
    m[4 * k + 3] = depth * to[k];
  }
  m[12] = pose.x;
  m[13] = pose.y + (flat ? 0 : 0.04); // room for the names of the axes at the bottom
  m[15] = 1;
  return m;
}

function project(m, p, width, height) {
  const row = (k) => m[k] * p[0] + m[k + 4] * p[1] + m[k + 8] * p[2] + m[k + 12];
  const w = row(3);
  return [(row(0) / w + 1) * width / 2, (1 - row(1) / w) * height / 2];
}
