def test_first(app, visit):
    v = visit()
    v.page.goto(app.address)
    v.page.wait_for_selector('#viewer img')
    v.page.wait_for_timeout(1500)
    v.page.screenshot(path='/tmp/browser/first.png')
    print(*v.requests, sep='\n')
    print(v.errors, app.passes, app.hosts)
