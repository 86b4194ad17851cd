// A page opened from a folder may not start workers. There, the search runs in
// a hidden frame that talks like one.
if (location.protocol === 'file:') {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.frame = document.createElement('iframe')
      this.frame.hidden = true
      this.frame.title = 'Search'
      this.frame.srcdoc = '<!doctype html>'
      this.ready = new Promise((done, failed) => {
        this.frame.onload = () => {
          const inside = this.frame.contentWindow
          inside.postMessage = data => this.dispatchEvent(
            new MessageEvent('message', {data}))
          const script = inside.document.createElement('script')
          script.src = new URL(url, location.href)
          script.onload = () => done(inside)
          script.onerror = failed
          inside.document.body.append(script)
        }
      })
      document.body
        ? document.body.append(this.frame)
        : addEventListener('DOMContentLoaded',
                           () => document.body.append(this.frame))
    }

    async postMessage(data) {
      const inside = await this.ready
      inside.dispatchEvent(new inside.MessageEvent('message', {data}))
    }

    terminate() {
      this.frame.remove()
    }
  }
}
